import { realClock } from '../clock.ts';
import { converse } from '../companions/console/terminal.ts';
import { isForUser } from '../errors.ts';

export { leave } from './leave.ts';

/** That of the original. */
const exitFailure = 255;

/** `vdeterm`: the console of a switch or of wirefilter, for people. Returns the exit code. */
export async function runVdeterm(argv: readonly string[]): Promise<number> {
  const [path, ...rest] = argv;
  if (path === undefined || path.startsWith('-') || rest.length > 0) {
    process.stderr.write('usage: vdeterm SOCK\nThe console at that socket, with history and completion (TAB).\n');
    return exitFailure;
  }
  const { stdin: input, stdout: output } = process;
  try {
    const interactive = input.isTTY && output.isTTY;
    const reason = await converse({ path, clock: realClock, input, output, interactive });
    if (reason === undefined) return 0;
    process.stderr.write(`vdeterm: ${reason}\n`);
  } catch (error) {
    if (!isForUser(error)) throw error;
    process.stderr.write(`vdeterm: ${error.message}\n`);
  }
  return exitFailure;
}
