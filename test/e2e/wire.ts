import type { Running } from './running.ts';
import { bin, poisoned, until, type Stage } from './stage.ts';

/** The origin of a program. */
export type Whose = 'ours' | 'theirs';

/** Both. */
export const whose: readonly Whose[] = ['ours', 'theirs'];

/** Returns that side's wirefilter: ours, or the installed one. */
export const wirefilter = (side: Whose): string => (side === 'ours' ? bin('wirefilter') : 'wirefilter');

/** A wirefilter from standard input to standard output, between pipes. */
export class Wire {
  readonly running: Running;
  /** The frames that came through, and when, in milliseconds. */
  readonly heard: { readonly at: number; readonly frame: Uint8Array }[] = [];

  constructor(stage: Stage, side: Whose, ...options: readonly string[]) {
    // The original takes nothing but pipes, and what Node gives its children are sockets.
    const line = `cat | ${[wirefilter(side), ...options].map((word) => `'${word}'`).join(' ')} | cat`;
    this.running = stage.start(['sh', '-c', line], { ...poisoned, binary: true });
    let rest = Buffer.alloc(0);
    this.running.stdout.on('data', (octets: Buffer) => {
      rest = Buffer.concat([rest, octets]);
      while (rest.length >= 2 && rest.length >= 2 + rest.readUint16BE(0)) {
        const end = 2 + rest.readUint16BE(0);
        this.heard.push({ at: performance.now(), frame: rest.subarray(2, end) });
        rest = rest.subarray(end);
      }
    });
  }

  /** Resolves when it serves. */
  async open(): Promise<this> {
    await this.running.line(/filter starting/);
    return this;
  }

  send(...frames: readonly Uint8Array[]): void {
    this.running.stdin.write(streamed(...frames));
  }

  /** Resolves when so many came through. */
  async hears(count: number): Promise<void> {
    await until(`${count} frames came through`, () => this.heard.length >= count, 30_000);
  }
}

/** Returns a frame of that size with a number in it. */
export function numbered(size: number, number: number): Uint8Array {
  const frame = new Uint8Array(size).map((_, at) => (at * 7 + number) % 251);
  frame.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0xaa, 0x88, 0xb5]);
  new DataView(frame.buffer).setUint32(14, number);
  return frame;
}

/** Returns the number in it. */
export function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(14);
}

/** Frames as they are in a stream: each behind its length. */
export function streamed(...frames: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(frame.length);
      return [length, frame];
    }),
  );
}
