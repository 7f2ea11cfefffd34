import { Writable } from 'node:stream';
import { isatty } from 'node:tty';

/**
 * Replaces `process.stderr` by a stream that calls `write`. Node would create its own stream on first access, for example when a package
 * checks for colours or a socket is destroyed. Node's stream makes a pipe or socket non-blocking for all processes that share it.
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
