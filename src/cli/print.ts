import { writeSync } from 'node:fs';
import { errnoOf } from '../errors.ts';

/*
 * Writes the output of commands that carry no frames, and may therefore block. Node's own streams would make shared pipes and sockets
 * non-blocking, for their other users too.
 */

/** Writes text to standard output, and blocks until it was taken. */
export function print(text: string | Uint8Array): void {
  put(1, text);
}

/** Writes text to standard error, and blocks until it was taken. */
export function printError(text: string | Uint8Array): void {
  put(2, text);
}

function put(fd: number, text: string | Uint8Array): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      // With EAGAIN, another program has made the shared descriptor non-blocking. After any other error there is no reader.
      if (errnoOf(error) !== 'EAGAIN') return;
      Atomics.wait(pause, 0, 0, 10);
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));
