import { realClock } from '../clock.ts';
import { converse } from '../console-client/terminal.ts';
import { isForUser } from '../errors.ts';
import { heedNoReaders, nodeStreamsFlushed } from './node-streams.ts';
import { printError } from './print.ts';
import { claimStandardError } from '../system/claim.ts';
import { inputStream, outputStream } from '../system/standard-streams.ts';

export { exit as leave } from 'node:process';

/** The exit code of the original. */
const exitFailure = 255;

/** Implements `vdeterm`: the console of a switch or of wirefilter, for people. Returns the exit code. */
export async function runVdeterm(argv: readonly string[]): Promise<number> {
  claimStandardError(printError);
  const [path, ...rest] = argv;
  if (path === undefined || path.startsWith('-') || rest.length > 0) {
    printError('usage: vdeterm SOCK\nOpens the console at that socket, with history and completion (TAB).\n');
    return exitFailure;
  }
  const [input, output] = [inputStream(), outputStream()];
  heedNoReaders(output);
  try {
    const interactive = input.isTTY === true && output.isTTY === true;
    const reason = await converse({ path, clock: realClock, input, output, interactive });
    await nodeStreamsFlushed(output);
    if (reason === undefined) return 0;
    printError(`vdeterm: ${reason}\n`);
  } catch (error) {
    if (!isForUser(error)) throw error;
    printError(`vdeterm: ${error.message}\n`);
  }
  return exitFailure;
}
