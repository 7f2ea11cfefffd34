import { closeSync, readSync, writeSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { Cable } from '../../src/companions/cable.ts';
import { PipePort } from '../../src/ports/stream/pipe-port.ts';
import { openPipe, ownEnd, type StreamEnd } from '../../src/system/pipe.ts';
import { eventually } from '../eventually.ts';
import { frameOf } from '../ports/rig.ts';
import { encodeFrames } from '../ports/stream-stage.ts';

/** Returns a cable between two pairs of pipes, whose other ends are the test's. */
function laid(observe?: (frame: Uint8Array) => void): { cable: Cable; first: Far; second: Far } {
  const cable = new Cable({ clock: realClock, log: quietLog, observe, poison: true });
  const [a, first] = end(cable);
  const [b, second] = end(cable);
  cable.join(a, b);
  onTestFinished(() => cable[Symbol.asyncDispose]());
  return { cable, first, second };
}

interface Far {
  readonly input: StreamEnd;
  readonly output: StreamEnd;
}

function end(cable: Cable): [PipePort, Far] {
  const [there, back] = [openPipe(), openPipe()];
  const port = new PipePort({ description: 'end', input: ownEnd(there.read), output: ownEnd(back.write) }, cable.environment);
  return [port, { input: ownEnd(back.read), output: ownEnd(there.write) }];
}

/** Writes as much as is taken now. */
function offer({ output }: Far, octets: Uint8Array): number {
  try {
    return writeSync(output.fd, octets);
  } catch {
    return 0;
  }
}

/** Reads all waiting octets. */
function take({ input }: Far): Buffer {
  const octets = Buffer.alloc(65_536);
  try {
    return octets.subarray(0, readSync(input.fd, octets));
  } catch {
    return octets.subarray(0, 0);
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

describe('a cable', () => {
  it('makes who speaks wait for who does not listen, in bounded memory, and loses nothing', async () => {
    const { first, second } = laid();
    const frames = encodeFrames(Array.from({ length: 20_000 }, (_, i) => frameOf(60 + (i % 1400), i)));
    let written = 0;
    // Until nothing is taken any more, for a while.
    for (let idle = 0; idle < 50; idle++) {
      const some = offer(first, frames.subarray(written));
      written += some;
      if (some > 0) idle = 0;
      await turns(2);
    }
    expect(written).toBeLessThan(4 * 2 ** 20);
    expect(written).toBeGreaterThan(2 ** 20);
    const heard: Buffer[] = [];
    let length = 0;
    await eventually(async () => {
      for (let i = 0; i < 200 && length < frames.length; i++) {
        written += offer(first, frames.subarray(written));
        const some = take(second);
        heard.push(some);
        length += some.length;
        await turns(1);
      }
      expect(length).toBe(frames.length);
    });
    expect(Buffer.compare(Buffer.concat(heard), frames)).toBe(0);
  });

  it('carries both ways while one way is stalled', async () => {
    const { first, second } = laid();
    const frames = encodeFrames(Array.from({ length: 2000 }, (_, i) => frameOf(1514, i)));
    for (let written = 0, idle = 0; idle < 50; idle++) {
      const some = offer(first, frames.subarray(written));
      written += some;
      if (some > 0) idle = 0;
      await turns(2);
    }
    const back = encodeFrames([frameOf(77)]);
    offer(second, back);
    await eventually(() => expect(Buffer.compare(take(first), back)).toBe(0));
  });

  it('ends when an end does, once the other has taken what waited for it', async () => {
    const { cable, first, second } = laid();
    const frames = encodeFrames(Array.from({ length: 600 }, (_, i) => frameOf(1514, i)));
    let written = 0;
    await eventually(() => {
      written += offer(first, frames.subarray(written));
      expect(written).toBe(frames.length);
    });
    closeSync(first.output.fd);
    let isEnded = false;
    void cable.ended.then(() => (isEnded = true));
    const heard: Buffer[] = [];
    let length = 0;
    await eventually(() => {
      expect(isEnded && length < 500_000).toBe(false);
      const some = take(second);
      heard.push(some);
      length += some.length;
      expect(length).toBe(frames.length);
    });
    expect(await cable.ended).toBe('the stream has ended');
    expect(Buffer.compare(Buffer.concat(heard), frames)).toBe(0);
  });

  it('shows what goes from the second end to the first, and only that', async () => {
    const seen: number[] = [];
    const { first, second } = laid((frame) => seen.push(frame.length));
    offer(first, encodeFrames([frameOf(60)]));
    offer(second, encodeFrames([frameOf(61), frameOf(62)]));
    await eventually(() => expect(seen).toEqual([61, 62]));
  });
});
