import { closeSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FrameMemory, isUp, openTap, writeTapFrame, type Tap } from '../../src/system/tap.ts';
import { frameOf, sameFrames } from '../ports/rig.ts';
import { ip, setUp, useNetworkNamespace } from '../ports/tap-stage.ts';
import { datagramPair } from './sockets.ts';

function opened(name: string): Tap {
  const tap = openTap(name);
  onTestFinished(() => closeSync(tap.fd));
  return tap;
}

describe('a TAP interface', () => {
  useNetworkNamespace();

  it('is made where there is none, down, and goes with its descriptor', () => {
    const { name, fd } = openTap('fresh');
    expect(name).toBe('fresh');
    expect(isUp(fd)).toBe(false);
    ip('link', 'set', 'fresh', 'up');
    expect(isUp(fd)).toBe(true);
    closeSync(fd);
    expect(() => ip('link', 'show', 'fresh')).toThrow('does not exist');
  });

  it('is named by the kernel where the name leaves that to it', () => {
    expect([opened('any%d').name, opened('any%d').name]).toEqual(['any0', 'any1']);
  });

  it('takes no frame while it is down, none shorter than its header, and none when it is gone', () => {
    const { fd } = opened('taker');
    expect(writeTapFrame(fd, frameOf(60))).toBe('EIO');
    setUp('taker');
    expect(writeTapFrame(fd, frameOf(60))).toBeUndefined();
    expect(writeTapFrame(fd, frameOf(13))).toBe('EINVAL');
    ip('link', 'delete', 'taker');
    expect(writeTapFrame(fd, frameOf(60))).toBe('EBADFD');
    expect(new FrameMemory(9234).receive(fd)).toBe('EBADFD');
  });

  it('that another program has open is refused, and so is what is no TAP; it is said what helps', () => {
    opened('taken');
    expect(() => openTap('taken')).toThrow(/^cannot open the tap interface taken: .* \(EBUSY\); another program has it open: /);
    expect(() => openTap('lo')).toThrow(/^cannot open the tap interface lo: .* \(EINVAL\); .* is not a tap/);
    expect(() => openTap('a/b')).toThrow(/\(EINVAL\)/);
    for (const name of ['', 'sixteen-octets--']) expect(() => openTap(name)).toThrow(expect.objectContaining({ code: 'bad-address' }));
  });
});

describe('memory for frames', () => {
  it('takes what waits, 64 at most at a time, and tells what was too long from what was not', () => {
    const [near, far] = datagramPair();
    const sizes = [1, 14, 99, 100, 101, 5000, 0, 60];
    for (const size of sizes) expect(writeTapFrame(far, frameOf(size))).toBeUndefined();
    const memory = new FrameMemory(100);
    expect(memory.receive(near)).toBe(sizes.length);
    const read = sizes.map((_, i) => memory.frame(i));
    expect(read.map((frame) => frame?.length)).toEqual([1, 14, 99, 100, undefined, undefined, 0, 60]);
    expect(sameFrames([read[3] ?? frameOf(0)], [frameOf(100)])).toBe(true);
    expect(memory.receive(near)).toBe(0);
    for (let i = 0; i < 70; i++) expect(writeTapFrame(far, frameOf(20, i))).toBeUndefined();
    expect([memory.receive(near), memory.receive(near)]).toEqual([64, 6]);
    expect(sameFrames([memory.frame(5) ?? frameOf(0)], [frameOf(20, 69)])).toBe(true);
  });
});
