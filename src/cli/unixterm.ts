import { realClock } from '../clock.ts';
import { relay } from '../companions/console/relay.ts';
import { isForUser } from '../errors.ts';

export { leave } from './leave.ts';

/** That of the original. */
const exitFailure = 255;

/** `unixterm`: a socket's other side on standard input and output. Returns the exit code. */
export async function runUnixterm(argv: readonly string[]): Promise<number> {
  const [path, ...rest] = argv;
  if (path === undefined || path.startsWith('-') || rest.length > 0) {
    process.stderr.write('usage: unixterm SOCK\nLines to the console at that socket, and what it says, as it is.\n');
    return exitFailure;
  }
  try {
    await relay({ path, clock: realClock, input: process.stdin, output: process.stdout });
    return 0;
  } catch (error) {
    if (!isForUser(error)) throw error;
    process.stderr.write(`unixterm: ${error.message}\n`);
    return exitFailure;
  }
}
