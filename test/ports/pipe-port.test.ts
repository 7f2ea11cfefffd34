import { closeSync, openSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { errnoOf } from '../../src/errors.ts';
import { PipePort } from '../../src/ports/stream/pipe-port.ts';
import { openPacketPipe, openPipe, ownEnd, sharedEnd } from '../../src/system/pipe.ts';
import { eventually } from '../eventually.ts';
import { conforms } from './conformance.ts';
import { collect, frameOf, newDirectory, Rig, sameFrames, using } from './rig.ts';
import { encodeFrames } from './stream-stage.ts';

/** Two ports, each of which writes what the other reads. */
function joined(rig: Rig): { port: PipePort; far: PipePort; inject: (octets: Uint8Array) => void } {
  const [there, back] = [openPipe(), openPipe()];
  const port = new PipePort({ description: 'near', input: ownEnd(back.read), output: ownEnd(there.write) }, rig.environment);
  const far = new PipePort({ description: 'far', input: ownEnd(there.read), output: ownEnd(back.write) }, rig.environment);
  return { port, far, inject: (octets) => void writeSync(back.write, encodeFrames([octets])) };
}

conforms({
  name: 'a pair of pipes',
  injects: true,
  farGone: 'closed',
  open: (rig) => Promise.resolve(joined(rig)),
});

/** Returns a port that reads a pipe which the test writes; what it sends goes to another, or to a file. */
function reading(output?: string): { rig: Rig; port: PipePort; write: (octets: Uint8Array) => void; end: () => void } {
  const rig = new Rig();
  const [input, unread] = [openPipe(), openPipe()];
  onTestFinished(() => closeSync(unread.read));
  const fd = output === undefined ? unread.write : openSync(output, 'a');
  const port = using(
    new PipePort(
      { description: 'test', input: ownEnd(input.read), output: output === undefined ? ownEnd(fd) : sharedEnd(fd, 'write') },
      rig.environment,
    ),
  );
  return { rig, port, write: (octets) => void writeSync(input.write, octets), end: () => closeSync(input.write) };
}

const nonsense = Buffer.from('ffff0102', 'hex');

describe('a port on pipes', () => {
  it('takes frames whose octets come one by one, and skips what is empty', async () => {
    const { port, write } = reading();
    const here = collect(port);
    const frames = [frameOf(60), frameOf(61)];
    const octets = Buffer.concat([Buffer.alloc(2), encodeFrames(frames)]);
    for (let i = 0; i < octets.length; i++) {
      write(octets.subarray(i, i + 1));
      await new Promise(setImmediate);
    }
    await here.count(2);
    expect(sameFrames(here.frames, frames)).toBe(true);
  });

  it('throws away what came with a length that makes no sense, and begins anew with what comes next', async () => {
    const { rig, port, write } = reading();
    const here = collect(port);
    write(Buffer.concat([encodeFrames([frameOf(60)]), nonsense, encodeFrames([frameOf(61)])]));
    await here.count(1);
    write(encodeFrames([frameOf(62)]));
    await here.count(2);
    expect(sameFrames(here.frames, [frameOf(60), frameOf(62)])).toBe(true);
    expect(port.counters.faults).toBe(1);
    write(nonsense);
    write(encodeFrames([frameOf(63)]));
    write(nonsense);
    // It is said once: a stream may be full of them.
    expect(rig.logged).toEqual(['a frame of 65535 octets was announced, more than it may have; what came with it is lost']);
  });

  it('skips text before the first frame, and says so once', async () => {
    const { rig, port, write, end } = reading();
    const here = collect(port);
    write(Buffer.from('# maintenance tonight\n'));
    await new Promise(setImmediate);
    const first = Uint8Array.from([...Array.from({ length: 6 }, () => 0xff), 0x52, 0x54, 0, 0, 0, 1, 0x08, 0x06, ...frameOf(46)]);
    write(encodeFrames([first, frameOf(61)]));
    await here.count(2);
    expect(sameFrames(here.frames, [first, frameOf(61)])).toBe(true);
    write(Buffer.concat([encodeFrames([frameOf(62)]), Buffer.from('Killed\n')]));
    end();
    await here.ended();
    expect(here.frames).toHaveLength(3);
    expect(rig.logged).toEqual([
      expect.stringMatching(/^skipped 22 octets of text before the first frame: "# maintenance tonight"; look at .*~\/\.profile/),
      expect.stringMatching(/^text came instead of a frame: "Killed"; look at /),
    ]);
  });

  it('says what text came when no frame does', async () => {
    const { rig, port, write, end } = reading();
    const here = collect(port);
    write(Buffer.from('sh: 1: vde_plug: not found\n'));
    end();
    await here.ended();
    expect(rig.logged).toEqual([expect.stringContaining('"sh: 1: vde_plug: not found"')]);
  });

  it('throws away all that waits behind such a length, however much that is', async () => {
    const { port, write } = reading();
    const here = collect(port);
    write(nonsense);
    for (let i = 0; i < 60; i++) write(Buffer.alloc(1000, 0x11));
    // As soon as it was all read, and not before, a frame is one again.
    let sent = 0;
    while (here.frames.length === 0) {
      write(encodeFrames([frameOf(60)]));
      sent++;
      await new Promise(setImmediate);
    }
    expect(sent).toBeGreaterThan(0);
    expect(here.frames.every((frame) => sameFrames([frame], [frameOf(60)]))).toBe(true);
  });

  it('reads nothing while it does not listen, and says what waits for the other side', async () => {
    const { port, write } = reading();
    const here = collect(port);
    port.listen(false);
    write(encodeFrames([frameOf(60)]));
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    expect(here.frames).toEqual([]);
    port.listen(true);
    await here.count(1);
    expect([port.waiting, port.arrived]).toEqual([0, true]);
  });

  it('keeps what a stalled reader does not take, whole and in order, and says that it waits', async () => {
    const rig = new Rig();
    const { port, far } = joined(rig);
    using(port);
    using(far);
    collect(port);
    far.listen(false);
    const there = collect(far);
    const frames = Array.from({ length: 1000 }, (_, i) => frameOf(1514, i));
    for (let i = 0; i < frames.length; i += 50) rig.send(port, ...frames.slice(i, i + 50));
    expect(port.waiting).toBeGreaterThan(1_000_000);
    expect(port.arrived).toBe(false);
    far.listen(true);
    await there.count(1000);
    expect(sameFrames(there.frames, frames)).toBe(true);
    expect([port.waiting, port.arrived]).toEqual([0, true]);
  });

  it('ends when nobody reads what it sends: also while something waits', async () => {
    for (const stalled of [false, true]) {
      const rig = new Rig();
      const { port, far } = joined(rig);
      using(port);
      const here = collect(port);
      if (stalled) for (let i = 0; i < 20; i++) rig.send(port, ...Array.from({ length: 50 }, () => frameOf(1514)));
      await far[Symbol.asyncDispose]();
      if (!stalled) rig.send(port, frameOf(60));
      expect(await here.ended()).toMatch(/the stream has no reader|the stream has ended/);
    }
  });

  it('reads a file to its end, and writes to one behind what it has', async () => {
    const rig = new Rig();
    const directory = newDirectory();
    const frames = Array.from({ length: 3000 }, (_, i) => frameOf(60 + (i % 1400), i));
    writeFileSync(join(directory, 'in'), encodeFrames(frames));
    writeFileSync(join(directory, 'out'), 'before');
    const [input, output] = [openSync(join(directory, 'in'), 'r'), openSync(join(directory, 'out'), 'a')];
    const port = using(
      new PipePort({ description: 'files', input: sharedEnd(input, 'read'), output: sharedEnd(output, 'write') }, rig.environment),
    );
    const here = collect(port);
    rig.send(port, frameOf(100));
    expect(await here.ended()).toBe('the stream has ended');
    expect(sameFrames(here.frames, frames)).toBe(true);
    expect(statSync(join(directory, 'out')).size).toBe('before'.length + 102);
    const octets = Buffer.alloc(2);
    const written = openSync(join(directory, 'out'), 'r');
    readSync(written, octets, 0, 2, 6);
    expect(octets.readUInt16BE()).toBe(100);
    for (const fd of [input, output, written]) closeSync(fd);
  });

  it('gives a pipe of packets each frame by itself, so that no read ends within a header', async () => {
    const rig = new Rig();
    const [input, output] = [openPipe(), openPacketPipe()];
    const reader = ownEnd(output.read);
    onTestFinished(() => {
      reader[Symbol.dispose]();
      closeSync(input.write);
    });
    const ends = { input: ownEnd(input.read), output: ownEnd(output.write) };
    const port = using(new PipePort({ description: 'packets', packets: true, ...ends }, rig.environment));
    collect(port);
    // More than the pipe holds, and frames beyond a page, which take several packets.
    const frames = Array.from({ length: 600 }, (_, i) => frameOf(i % 10 === 0 ? 9000 : 14 + ((i * 37) % 1500), i));
    rig.send(port, ...frames);
    expect(port.waiting).toBeGreaterThan(0);
    const came: Uint8Array[] = [];
    const octets = Buffer.alloc(9234);
    let rest = Buffer.alloc(0);
    await eventually(() => {
      for (let read = readNow(reader.fd, octets); read > 0; read = readNow(reader.fd, octets)) {
        rest = Buffer.concat([rest, octets.subarray(0, read)]);
        const length = rest.readUInt16BE();
        expect(rest.length).toBeLessThanOrEqual(2 + length);
        if (rest.length < 2 + length) continue;
        came.push(new Uint8Array(rest.subarray(2)));
        rest = Buffer.alloc(0);
      }
      expect(came).toHaveLength(frames.length);
    });
    expect(sameFrames(came, frames)).toBe(true);
    expect(port.counters.sentFrames).toBe(frames.length);
  });
});

/** Returns how many octets one read brings; 0 when nothing waits. */
function readNow(fd: number, octets: Buffer): number {
  try {
    return readSync(fd, octets);
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return 0;
    throw error;
  }
}
