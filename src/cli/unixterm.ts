import { realClock } from '../clock.ts';
import { relay } from '../console-client/relay.ts';
import { isForUser } from '../errors.ts';
import { heedNoReaders, nodeStreamsFlushed } from './node-streams.ts';
import { printError } from './print.ts';
import { claimStandardError } from '../system/claim.ts';
import { inputStream, outputStream } from '../system/standard-streams.ts';

export { exit as leave } from 'node:process';

/** The exit code of the original. */
const exitFailure = 255;

/** Implements `unixterm`: joins a socket to standard input and output. Returns the exit code. */
export async function runUnixterm(argv: readonly string[]): Promise<number> {
  claimStandardError(printError);
  const [path, ...rest] = argv;
  if (path === undefined || path.startsWith('-') || rest.length > 0) {
    printError('usage: unixterm SOCK\nSends lines to the console at that socket, and shows its output unchanged.\n');
    return exitFailure;
  }
  const [input, output] = [inputStream(), outputStream()];
  heedNoReaders(output);
  try {
    await relay({ path, clock: realClock, input, output });
    await nodeStreamsFlushed(output);
    return 0;
  } catch (error) {
    if (!isForUser(error)) throw error;
    printError(`unixterm: ${error.message}\n`);
    return exitFailure;
  }
}
