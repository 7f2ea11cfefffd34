import { basename } from 'node:path';
import { realClock } from '../clock.ts';
import { ConsoleClient } from '../companions/console/client.ts';
import { isForUser } from '../errors.ts';
import { getopt, type Option } from './getopt.ts';
import { print, printError } from './print.ts';
import { claimStandardError } from '../system/claim.ts';

export { exit as leave } from 'node:process';

const options: readonly Option[] = [
  { name: 'sock', short: 's', argument: true },
  { name: 'script', short: 'f', argument: true },
  { name: 'verbose', short: 'v', argument: false },
];

/** That of the original, for all that is not the console's answer. */
const exitFailure = 255;

/**
 * `vdecmd`, `unixcmd`: one command for a console; its data on standard output, its status as the exit code: 0, or an errno. The original's
 * script (-f) is not needed, and not read. Returns the exit code.
 */
export async function runVdecmd(argv: readonly string[], program: string): Promise<number> {
  claimStandardError(printError);
  // `etherloom vdecmd` is one, too.
  const name = basename(program).split(' ').at(-1) ?? program;
  const { options: found, operands, mistakes } = getopt(argv, options);
  const given = new Map(found.map((option) => [option.name, option.value]));
  const path = given.get('sock') ?? `/var/run/${name}`;
  for (const mistake of mistakes) printError(`${name}: ${mistake}\n`);
  if (mistakes.length > 0 || operands.length === 0) {
    printError(usageOf(name));
    return exitFailure;
  }
  const trace = given.has('verbose') && ((way: string, text: string) => printError(`${way} ${JSON.stringify(text)}\n`));
  try {
    using client = await ConsoleClient.open({ path, clock: realClock, ...(trace && { trace }) });
    const { status, text } = await client.command(operands.join(' '), (line) => print(`${line}\n`));
    if (status !== undefined && status !== 0) printError(`${name}: ${text}\n`);
    return status ?? 0;
  } catch (error) {
    if (!isForUser(error)) throw error;
    printError(`${name}: ${error.message}\n`);
    return exitFailure;
  }
}

function usageOf(name: string): string {
  return `usage: ${name} [-s SOCK] [-v] COMMAND [ARGUMENT ...]
One command for the console of a switch or of wirefilter; its status is the exit code.
  -s SOCK  the console's socket (/var/run/${name})
  -v       show all that is said, on standard error
  -f FILE  taken, and not needed: a script of the original
`;
}
