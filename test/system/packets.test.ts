import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { batchSize, ReceiveRing, SendBatch } from '../../src/system/datagrams.ts';
import { addressOfKey, keyOf, type IpFamily } from '../../src/system/ip-address.ts';
import { bindIp, setReceiveBuffer, udpSocket } from '../../src/system/ip-socket.ts';
import { openLoop } from '../../src/system/loop.ts';
import { destination, FixedOctets, PacketBatch, PacketRing, type Packet } from '../../src/system/packets.ts';
import { ownName } from '../../src/system/socket-name.ts';
import { frameOf } from '../ports/rig.ts';
import { closing, datagramPair } from './sockets.ts';

const longest = 9234 + 80;
const header = new FixedOctets(Uint8Array.of(8, 0, 0, 0, 0, 0, 77, 0));

/** Returns a UDP socket at an address of this machine, and that address. */
function udpAt(host: string): { readonly fd: number; readonly to: FixedOctets; readonly port: number } {
  const family: IpFamily = host.includes(':') ? 6 : 4;
  const fd = closing(udpSocket(family));
  setReceiveBuffer(fd, 2 ** 20);
  bindIp(fd, host, 0);
  const { port } = ownName(fd);
  return { fd, port, to: destination(host, port) };
}

describe('batches of packets', () => {
  it.each(['127.0.0.1', '::1'])('carry a header and a frame of any size to %s, and tell the source', (host) => {
    const ring = new PacketRing(longest);
    const batch = new PacketBatch(ring, new ReceiveRing(9234));
    const [near, far] = [udpAt(host), udpAt(host)];
    const sizes = [0, 1, 14, 60, 63, 64, 65, 1514, 9000, 9234];
    const packets: Packet[] = sizes.map((size) => ({ header, frame: frameOf(size), to: far.to }));
    for (const packet of packets) {
      expect(batch.send(near.fd, [packet], 0)).toBe(1);
      ring.rewind(1);
      expect(ring.receive(far.fd)).toBe(1);
      expect(ring.packet(0, 8)).toEqual(packet.frame);
      expect(ring.packet(0)?.slice(0, 8)).toEqual(header.octets);
      expect(ring.source(0)).toBe(keyOf(host));
      expect(ring.sourcePort(0)).toBe(near.port);
    }
  });

  it('go to many destinations in one call, and come from many sources', () => {
    const ring = new PacketRing(longest);
    const batch = new PacketBatch(ring, new ReceiveRing(9234));
    const far = udpAt('0.0.0.0');
    const ends = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map(udpAt);
    expect(
      batch.send(
        far.fd,
        ends.map(({ to }, i) => ({ frame: frameOf(60, i), to })),
        0,
      ),
    ).toBe(3);
    for (const [i, { fd }] of ends.entries()) {
      expect(ring.receive(fd)).toBe(1);
      expect(ring.packet(0)).toEqual(frameOf(60, i));
    }
    const to = destination('127.0.0.1', far.port);
    for (const [i, { fd }] of ends.entries()) expect(batch.send(fd, [{ header, frame: frameOf(70, i), to }], 0)).toBe(1);
    expect(ring.receive(far.fd)).toBe(3);
    expect([0, 1, 2].map((i) => addressOfKey(ring.source(i)))).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.3']);
    expect([0, 1, 2].map((i) => ring.sourcePort(i))).toEqual(ends.map(({ port }) => port));
  });

  it('keep the keys of IPv6 addresses apart, also where two share the place of a kept one', () => {
    const ring = new PacketRing(longest);
    const batch = new PacketBatch(ring, new ReceiveRing(9234));
    const far = udpAt('::1');
    const near = udpAt('::1');
    for (let i = 0; i < 3; i++) {
      batch.send(near.fd, [{ frame: frameOf(14), to: far.to }], 0);
      expect(ring.receive(far.fd)).toBe(1);
      expect(ring.source(0)).toBe(keyOf('::1'));
    }
  });

  it('flag what is longer than the ring takes, and what ends before the frame begins', () => {
    const ring = new PacketRing(2000);
    const batch = new PacketBatch(new PacketRing(9000), new ReceiveRing(9000));
    const [near, far] = [udpAt('127.0.0.1'), udpAt('127.0.0.1')];
    const packets = [2000, 2001, 8000, 7, 8].map((size) => ({ frame: frameOf(size), to: far.to }));
    expect(batch.send(near.fd, packets, 0)).toBe(5);
    expect(ring.receive(far.fd)).toBe(5);
    expect([0, 1, 2, 3, 4].map((i) => ring.packet(i, 8)?.length)).toEqual([1992, undefined, undefined, undefined, 0]);
  });

  it('move up to 64 at a time, and share a round fairly', () => {
    const ring = new PacketRing(longest);
    const batch = new PacketBatch(ring, new ReceiveRing(9234));
    const ends = Array.from({ length: 16 }, () => udpAt('127.0.0.1'));
    const near = udpAt('127.0.0.1');
    const burst = (to: FixedOctets): Packet[] => Array.from({ length: 70 }, (_, i) => ({ frame: frameOf(60, i), to }));
    for (const { to } of ends) {
      const packets = burst(to);
      expect(batch.send(near.fd, packets, 0)).toBe(batchSize);
      expect(batch.send(near.fd, packets, batchSize)).toBe(6);
    }
    ring.rewind(ends.length);
    expect(ends.map(({ fd }) => ring.receive(fd))).toEqual(ends.map(() => 16));
    expect(ring.receive(near.fd)).toBe(0);
    ring.rewind(2);
    expect(ring.receive(ends[0]?.fd ?? -1)).toBe(54);
  });

  it('go straight from either ring, or from other memory', () => {
    const ring = new PacketRing(longest);
    const frames = new ReceiveRing(9234);
    const batch = new PacketBatch(ring, frames);
    const [near, far, last] = [udpAt('127.0.0.1'), udpAt('127.0.0.1'), udpAt('127.0.0.1')];
    batch.send(near.fd, [{ header, frame: frameOf(1000), to: far.to }], 0);
    ring.receive(far.fd);
    const lent = ring.packet(0, 8) ?? new Uint8Array(0);
    expect(ring.packet(0, 8)).toBe(lent);
    const [one, two] = datagramPair();
    new SendBatch(frames).send(one, [frameOf(500)], 0);
    frames.receive(two);
    const frame = frames.frame(0) ?? new Uint8Array(0);
    const packets = [lent, frame, frameOf(20)].map((octets) => ({ header, frame: octets, to: last.to }));
    expect(packets.map((packet) => ring.addressOf(packet.frame) ?? frames.addressOf(packet.frame)).map((at) => at !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
    expect(batch.send(far.fd, packets, 0)).toBe(3);
    ring.poison();
    expect(lent.every((octet) => octet === 0xa5)).toBe(true);
    ring.rewind(1);
    expect(ring.receive(last.fd)).toBe(3);
    expect([0, 1, 2].map((i) => ring.packet(i, 8))).toEqual([frameOf(1000), frameOf(500), frameOf(20)]);
  });

  it('of a loop are made when they are first used, and are its own', () => {
    const loop = openLoop({ frameSize: 9234, breath: (work) => work() });
    expect(loop.packets).toBe(loop.packets);
    expect(loop.packetBatch).toBe(loop.packetBatch);
    expect(loop.packets.packetSize).toBe(longest);
    const [near, far] = [udpAt('127.0.0.1'), udpAt('127.0.0.1')];
    loop.packetBatch.send(near.fd, [{ frame: frameOf(60), to: far.to }], 0);
    loop.packets.receive(far.fd);
    const lent = loop.packets.packet(0);
    loop.poison();
    expect(lent?.every((octet) => octet === 0xa5)).toBe(true);
  });

  it('hold their memory through 50,000 packets and many collections of garbage', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const ring = new PacketRing(longest);
    const batch = new PacketBatch(ring, new ReceiveRing(9234));
    const [near, far] = [udpAt('127.0.0.1'), udpAt('127.0.0.1')];
    const own = [...header.octets];
    let [packets, wrong] = [0, 0];
    for (let round = 0; packets < 50_000; round++, packets += 32) {
      const sent = Array.from({ length: 32 }, (_, i) => new Uint8Array(14 + ((round + i) % 120)).fill(round + i));
      const made = sent.map((frame) => ({
        header: new FixedOctets(Uint8Array.from(own)),
        frame,
        to: destination('127.0.0.1', far.port),
      }));
      if (batch.send(near.fd, made, 0) !== 32) wrong++;
      ring.rewind(1);
      if (ring.receive(far.fd) !== 32) wrong++;
      for (const [i, frame] of sent.entries()) {
        const got = ring.packet(i, 8);
        if (got?.length !== frame.length || got[0] !== frame[0] || got[got.length - 1] !== frame[0]) wrong++;
      }
      if (round % 100 === 0) collect();
    }
    expect(wrong).toBe(0);
  });
});
