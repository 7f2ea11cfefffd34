/**
 * A relay between a TAP and a tunnel: what the switch does to the system, and nothing of what it does to frames. Receives, readiness and sends
 * are those of the switch's own system room. Arguments: the TAP, the tunnel, the own address, the other, the key.
 */
import { openLoop, type Loop } from '../../src/system/loop.ts';
import { bindIp, rawSocket, sendWithoutChecksum, setReceiveBuffer, udpSocket } from '../../src/system/ip-socket.ts';
import { destination, FixedOctets, type Packet } from '../../src/system/packets.ts';
import { FrameMemory, openTap, writeTapFrame } from '../../src/system/tap.ts';
import { greTunnel } from '../../src/wire/gre.ts';
import { vxlanPort, vxlanTunnel } from '../../src/wire/vxlan.ts';

const frameSize = 9234;
const receiveBuffer = 4 * 2 ** 20;
const greProtocol = 47;
/** The IPv4 header with which the packets of a raw socket begin; the load's have no options. */
const ipHeader = 20;

const [tapName = '', kind, local = '', remote = '', key] = process.argv.slice(2);
const isUdp = kind === 'vxlan';
const header = new FixedOctets((isUdp ? vxlanTunnel(Number(key)) : greTunnel(Number(key))).header);
const before = header.length + (isUdp ? 0 : ipHeader);
const to = destination(remote, isUdp ? vxlanPort : 0);
const tap = openTap(tapName);
const socket = isUdp ? udpSocket(4) : rawSocket(4, greProtocol);
setReceiveBuffer(socket, receiveBuffer);
if (isUdp) sendWithoutChecksum(socket);
bindIp(socket, local, isUdp ? vxlanPort : 0);
let packets: Packet[] = [];
let frames: Uint8Array[] = [];
const memory = new FrameMemory(frameSize);
const loop: Loop = openLoop({
  frameSize,
  breath(work) {
    work();
    flush();
  },
});
loop.readiness.watch(tap.fd, { readable: true, writable: false }, ({ readable }) => {
  const count = readable ? memory.receive(tap.fd) : 0;
  if (typeof count === 'string') return;
  for (let i = 0; i < count; i++) {
    const frame = memory.frame(i);
    if (frame) packets.push({ header, frame, to });
  }
});
loop.readiness.watch(socket, { readable: true, writable: false }, () => {
  const count = loop.packets.receive(socket);
  if (typeof count === 'string') return;
  for (let i = 0; i < count; i++) {
    const frame = loop.packets.packet(i, before);
    if (frame) frames.push(frame);
  }
});
process.stdout.write('open\n');

/** Frames without room are lost: a relay keeps nothing. */
function flush(): void {
  for (const frame of frames) writeTapFrame(tap.fd, frame);
  for (let done = 0; done < packets.length;) {
    const sent = loop.packetBatch.send(socket, packets, done);
    if (typeof sent === 'string' || sent === 0) break;
    done += sent;
  }
  frames = [];
  packets = [];
}
