import { Writable } from 'node:stream';
import { isatty } from 'node:tty';

/**
 * Puts a stream over `write` in the place of `process.stderr`. Node makes its own the first time that anything asks for it, a package that
 * looks for colours or a socket that is destroyed, and by that a pipe or a socket does not wait any more, for all who share it.
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
