/**
 * A relay between two sockets: what the switch does to the system, and nothing of what it does to frames. Receives, readiness and sends
 * are those of the switch's own system room. Arguments: for each side, the name to bind and the name of the station's socket.
 */
import { openLoop, type Loop } from '../../src/system/loop.ts';
import { bindFile, connectPath, datagramSocket, setSendBuffer, takeSocketError } from '../../src/system/unix-socket.ts';

const frameSize = 9234;
const sendBuffer = 4 * 2 ** 20;
const retryInterval = 5;

interface Side {
  readonly fd: number;
  /** The frames to send by it at the end of the round. */
  pending: Uint8Array[];
}

const [own = '', peer = '', otherOwn = '', otherPeer = ''] = process.argv.slice(2);
const sides = [bound(own), bound(otherOwn)] as const;
const loop: Loop = openLoop({
  frameSize,
  breath(work) {
    work();
    for (const side of sides) flush(side);
  },
});
process.stdout.write('bound\n');
connectBoth();

function bound(path: string): Side {
  const fd = datagramSocket();
  bindFile(fd, { path, mode: 0o700 });
  setSendBuffer(fd, sendBuffer);
  return { fd, pending: [] };
}

/** The stations come after the relay. */
function connectBoth(): void {
  try {
    connectPath(sides[0].fd, peer);
    connectPath(sides[1].fd, otherPeer);
  } catch {
    setTimeout(connectBoth, retryInterval);
    return;
  }
  join(sides[0], sides[1]);
  join(sides[1], sides[0]);
}

function join(from: Side, to: Side): void {
  loop.readiness.watch(from.fd, { readable: true, writable: false }, ({ failed }) => {
    if (failed) takeSocketError(from.fd);
    const count = loop.ring.receive(from.fd);
    if (typeof count === 'string') return;
    for (let i = 0; i < count; i++) {
      const frame = loop.ring.frame(i);
      if (frame) to.pending.push(frame);
    }
  });
}

/** Frames without room in the station's queue are lost: a relay keeps nothing. */
function flush(side: Side): void {
  const frames = side.pending;
  if (frames.length === 0) return;
  side.pending = [];
  for (let done = 0; done < frames.length;) {
    const sent = loop.batch.send(side.fd, frames, done);
    if (typeof sent === 'string' || sent === 0) return;
    done += sent;
  }
}
