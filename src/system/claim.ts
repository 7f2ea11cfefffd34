import { Writable } from 'node:stream';
import { isatty } from 'node:tty';

/**
 * Replaces `process.stderr` by a stream over `write`. Node makes its own on first access, for example by a package that looks for colours
 * or a socket that is destroyed. That makes a pipe or a socket non-blocking for all who share it.
 */
export function claimStandardError(write: (text: string) => void): void {
  const stream = new Writable({
    decodeStrings: false,
    write(text: string | Uint8Array, _encoding, done) {
      write(typeof text === 'string' ? text : Buffer.from(text).toString());
      done();
    },
  });
  Object.assign(stream, { fd: 2, isTTY: isatty(2) });
  Object.defineProperty(process, 'stderr', { configurable: true, value: stream });
}
