import { writeSync } from 'node:fs';
import { errnoOf } from '../errors.ts';

/*
 * What a command prints that carries no frames: it may wait for its reader. Node's own streams would make pipes and sockets that others
 * share not wait, for them too.
 */

/** Writes text to standard output, and waits until it was taken. */
export function print(text: string | Uint8Array): void {
  put(1, text);
}

/** Writes text to standard error, and waits until it was taken. */
export function printError(text: string | Uint8Array): void {
  put(2, text);
}

function put(fd: number, text: string | Uint8Array): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      // Another program that shares it has made it not wait; else nobody reads it.
      if (errnoOf(error) !== 'EAGAIN') return;
      Atomics.wait(pause, 0, 0, 10);
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));
