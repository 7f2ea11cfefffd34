import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { batchSize, ReceiveRing, SendBatch } from '../../src/system/datagrams.ts';
import { bindFile, connectPath, datagramSocket } from '../../src/system/unix-socket.ts';
import { frameOf, sameFrames } from '../ports/rig.ts';
import { bound, datagramPair, newDirectory } from './sockets.ts';

const longest = 9234;

/** Returns all that waits, copied. */
function drain(ring: ReceiveRing, fd: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (;;) {
    ring.rewind(1);
    const count = ring.receive(fd);
    if (typeof count === 'string') throw new Error(count);
    if (count === 0) return frames;
    for (let i = 0; i < count; i++) {
      const frame = ring.frame(i);
      if (!frame) throw new Error(`datagram ${i} was too long`);
      frames.push(frame.slice());
    }
  }
}

describe('batches of datagrams', () => {
  it('carry frames of every size from 0 to 9,234 octets, each octet of it', () => {
    const ring = new ReceiveRing(longest);
    const batch = new SendBatch(ring);
    const [near, far] = datagramPair();
    for (let from = 0; from <= longest; from += batchSize) {
      const frames = Array.from({ length: Math.min(batchSize, longest + 1 - from) }, (_, i) => frameOf(from + i));
      const arrived: Uint8Array[] = [];
      for (let sent = 0; sent < frames.length;) {
        const result = batch.send(near, frames, sent);
        expect(result).toBeTypeOf('number');
        sent += Number(result);
        arrived.push(...drain(ring, far));
      }
      expect(sameFrames(arrived, frames)).toBe(true);
    }
  });

  it('flag what is longer than the ring takes, and cut nothing else', () => {
    const ring = new ReceiveRing(longest);
    const long = new SendBatch(new ReceiveRing(65_536));
    const [near, far] = datagramPair();
    const frames = [frameOf(60), frameOf(longest), frameOf(longest + 1), frameOf(20_000), frameOf(61)];
    expect(long.send(near, frames, 0)).toBe(5);
    expect(ring.receive(far)).toBe(5);
    expect([0, 1, 2, 3, 4].map((i) => ring.frame(i)?.length)).toEqual([60, longest, undefined, undefined, 61]);
    expect(ring.frame(4)).toEqual(frameOf(61));
  });

  it('move up to 64 at a time', () => {
    const ring = new ReceiveRing(longest);
    const batch = new SendBatch(ring);
    const [near, far] = datagramPair();
    const frames = Array.from({ length: 100 }, (_, i) => frameOf(60, i));
    expect(batch.send(near, frames, 0)).toBe(batchSize);
    expect(batch.send(near, frames, batchSize)).toBe(36);
    expect(ring.receive(far)).toBe(batchSize);
    expect(ring.frame(63)).toEqual(frames[63]);
    expect(ring.receive(far)).toBe(36);
    expect(ring.frame(0)).toEqual(frames[64]);
    expect(ring.receive(far)).toBe(0);
  });

  it('of several sockets share a round: each has a fair part of the ring, and none overwrites another', () => {
    const ring = new ReceiveRing(longest);
    const pairs = Array.from({ length: 16 }, () => datagramPair());
    for (const [p, [near]] of pairs.entries()) {
      const frames = Array.from({ length: 30 }, (_, i) => frameOf(60, p * 100 + i));
      expect(new SendBatch(ring).send(near, frames, 0)).toBe(30);
    }
    ring.rewind(pairs.length);
    const kept = pairs.map(([, far]) => Array.from({ length: Number(ring.receive(far)) }, (_, i) => ring.frame(i)));
    expect(kept.map((frames) => frames.length)).toEqual(pairs.map(() => 16));
    kept.forEach((frames, p) => frames.forEach((frame, i) => expect(frame).toEqual(frameOf(60, p * 100 + i))));
    expect(ring.receive(pairs[0]?.[1] ?? -1)).toBe(0);
    ring.rewind(2);
    expect(ring.receive(pairs[0]?.[1] ?? -1)).toBe(14);
  });

  it('are taken in part by a full socket, and go on from there', () => {
    const ring = new ReceiveRing(longest);
    const batch = new SendBatch(ring);
    const [near, far] = datagramPair();
    const frames = Array.from({ length: 1000 }, (_, i) => frameOf(1500, i));
    const arrived: Uint8Array[] = [];
    let [sent, waits] = [0, 0];
    while (sent < frames.length) {
      const result = batch.send(near, frames, sent);
      expect(result).toBeTypeOf('number');
      sent += Number(result);
      if (result !== 0) continue;
      waits++;
      arrived.push(...drain(ring, far));
    }
    arrived.push(...drain(ring, far));
    expect(waits).toBeGreaterThan(0);
    expect(sameFrames(arrived, frames)).toBe(true);
  });

  it('go straight from the ring, or from other memory, in one batch', () => {
    const ring = new ReceiveRing(longest);
    const batch = new SendBatch(ring);
    const [near, far] = datagramPair();
    const [next, last] = datagramPair();
    // Small arrays have no address of their own to be lent.
    const frames = [frameOf(9000), frameOf(14), frameOf(64), frameOf(65), frameOf(1500)];
    batch.send(near, frames, 0);
    ring.receive(far);
    const mixed = frames.map((own, i) => (i % 2 === 0 ? (ring.frame(i) ?? own) : own));
    expect(mixed.map((frame, i) => ring.slotOf(frame, i))).toEqual([0, -1, 2, -1, 4]);
    expect(mixed.map((frame) => ring.slotOf(frame, 3))).toEqual([0, -1, 2, -1, 4]);
    expect(batch.send(next, mixed, 0)).toBe(5);
    ring.poison();
    expect(sameFrames(drain(new ReceiveRing(longest), last), frames)).toBe(true);
    expect(mixed[0]?.every((octet) => octet === 0xa5)).toBe(true);
    expect(mixed[1]).toEqual(frameOf(14));
  });

  it('send a part of a view, not what lies before it', () => {
    const ring = new ReceiveRing(longest);
    const [near, far] = datagramPair();
    const whole = frameOf(300);
    expect(new SendBatch(ring).send(near, [whole.subarray(100, 200), whole.subarray(250)], 0)).toBe(2);
    expect(drain(ring, far)).toEqual([whole.slice(100, 200), whole.slice(250)]);
  });

  it('tell by name why nothing can be sent or received', () => {
    const ring = new ReceiveRing(longest);
    const batch = new SendBatch(ring);
    const directory = newDirectory();
    const near = bound(join(directory, 'near'));
    expect(batch.send(near, [frameOf(60)], 0)).toBe('ENOTCONN');
    expect(ring.receive(near)).toBe(0);
    const far = bound(join(directory, 'far'));
    connectPath(near, join(directory, 'far'));
    connectPath(far, join(directory, 'near'));
    expect(batch.send(near, [frameOf(60)], 0)).toBe(1);
    bound(join(directory, 'third'));
    connectPath(far, join(directory, 'third'));
    expect(ring.receive(near)).toBe('ECONNRESET');
    expect(batch.send(near, [frameOf(60)], 0)).toBe('EPERM');
    const dead = datagramSocket();
    bindFile(dead, { path: join(directory, 'dead'), mode: 0o600 });
    connectPath(near, join(directory, 'dead'));
    closeSync(dead);
    expect(batch.send(near, [frameOf(60)], 0)).toBe('ECONNREFUSED');
  });

  it('hold their memory through 100,000 frames and many collections of garbage', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const rings = Array.from({ length: 4 }, () => new ReceiveRing(longest));
    const lines = rings.map((ring) => ({ ring, batch: new SendBatch(ring), pair: datagramPair() }));
    let garbage: Uint8Array[] = [];
    let [frames, wrong] = [0, 0];
    for (let round = 0; frames < 100_000; round++) {
      for (const { ring, batch, pair } of lines) {
        const [near, far] = pair;
        const sent = Array.from({ length: batchSize }, (_, i) => new Uint8Array(14 + ((round + i) % 120)).fill(round + i));
        if (batch.send(near, sent, 0) !== batchSize) wrong++;
        garbage.push(new Uint8Array(40), new Uint8Array(5000));
        ring.rewind(1);
        if (ring.receive(far) !== batchSize) wrong++;
        for (const [i, frame] of sent.entries()) {
          const got = ring.frame(i);
          if (got?.length !== frame.length || got[0] !== frame[0] || got[got.length - 1] !== frame[0]) wrong++;
        }
        frames += batchSize;
      }
      if (round % 20 === 0) {
        garbage = [];
        collect();
      }
    }
    expect(wrong).toBe(0);
  });
});
