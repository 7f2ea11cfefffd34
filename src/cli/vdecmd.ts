import { basename } from 'node:path';
import { realClock } from '../clock.ts';
import { ConsoleClient, type Answer, type ClientOptions } from '../console-client/client.ts';
import { isForUser } from '../errors.ts';
import { readArguments } from './companion.ts';
import type { Option } from './getopt.ts';
import { print, printError } from './print.ts';
import { claimStandardError } from '../system/claim.ts';

export { exit as leave } from 'node:process';

const options: readonly Option[] = [
  { name: 'sock', short: 's', argument: true },
  { name: 'script', short: 'f', argument: true },
  { name: 'verbose', short: 'v', argument: false },
];

/** The exit code of the original for all failures other than the command's status. */
const exitFailure = 255;

/**
 * Implements `vdecmd` and `unixcmd`: sends one command to a console, prints its data, and exits with its status: 0, or an errno. The
 * original's script (-f) is accepted and not read. Returns the exit code.
 */
export async function runVdecmd(argv: readonly string[], program: string): Promise<number> {
  claimStandardError(printError);
  // In `etherloom vdecmd` the last word is the name.
  const name = basename(program).split(' ').at(-1) ?? program;
  const say = (line: string): void => printError(`${name}: ${line}\n`);
  const { given, operands, mistakes } = readArguments(argv, options, say);
  const path = given.get('sock') ?? `/var/run/${name}`;
  if (mistakes.length > 0 || operands.length === 0) {
    printError(usageOf(name));
    return exitFailure;
  }
  const trace = given.has('verbose') && ((way: string, text: string) => printError(`${way} ${JSON.stringify(text)}\n`));
  const lines: string[] = [];
  try {
    const { status, text } = await ask({ path, clock: realClock, ...(trace && { trace }) }, operands.join(' '), lines);
    print(lines.join(''));
    if (status !== undefined && status !== 0) say(text);
    return status ?? 0;
  } catch (error) {
    if (!isForUser(error)) throw error;
    print(lines.join(''));
    say(error.message);
    return exitFailure;
  }
}

/**
 * Sends the command, and adds the lines of its data. The session ends before they are printed, so that a slow reader does not keep it open.
 */
async function ask(options: ClientOptions, command: string, lines: string[]): Promise<Answer> {
  using client = await ConsoleClient.open(options);
  return await client.command(command, (line) => lines.push(`${line}\n`));
}

function usageOf(name: string): string {
  return `usage: ${name} [-s SOCK] [-v] COMMAND [ARGUMENT ...]
Runs one command at the console of a switch or of wirefilter. Its status is the exit code.
  -s SOCK  the console's socket (/var/run/${name})
  -v       show all input and output of the console on standard error
  -f FILE  accepted for the original's scripts, no effect
`;
}
