import { resolve } from 'node:path';
import { realClock } from '../clock.ts';
import { parsePipedLine, type PipedLine } from '../companions/dpipe-line.ts';
import { becomeLast, Dpipe } from '../companions/dpipe.ts';
import { writePidFile } from '../system/pid-file.ts';
import { EtherloomError } from '../errors.ts';
import { nameProcess } from '../system/daemon.ts';
import { isInBackground, startInBackground } from './background.ts';
import { readArguments, runShown } from './companion.ts';
import { complain } from './complain.ts';
import type { Option } from './getopt.ts';
import { tellReady } from './tell-ready.ts';

export { leave } from './leave.ts';

const options: readonly Option[] = [
  { name: 'daemon', short: 'd', long: ['daemon'], argument: false },
  { name: 'pidfile', short: 'p', long: ['pidfile'], argument: true },
  { name: 'pgrpfile', short: 'P', long: ['pgrpfile'], argument: true },
  { name: 'nowrapproc', short: 'n', long: ['nowrapproc'], argument: false },
  { name: 'nowrapnoclean', short: 'N', long: ['nowrapnoclean'], argument: false },
  { name: 'help', short: 'h', long: ['help'], argument: false },
];

const exitFailure = 1;

const usage = `usage: dpipe [options] COMMAND [...] = COMMAND [...] [= COMMAND [...]]
Joins commands by pipes in both directions. A command between two others exchanges data with the right by the descriptors that
ALTERNATE_STDIN and ALTERNATE_STDOUT name.
  A =} B }= C            B is only in the direction from A to C
  A ={ B {= C            B is only in the direction from C to A
  -d, --daemon           run in the background
  -p, --pidfile FILE     write the process id to FILE
  -P, --pgrpfile FILE    write the process group to FILE, with the minus that kill needs
  -n, --nowrapproc       replace dpipe by the last command, instead of waiting for it
  -N, --nowrapnoclean    the same, and keep the files of -p and -P at the end
  -h, --help             show this text
`;

/** Implements `dpipe`, commands joined in both directions, with the original's name and options. Returns the exit code. */
export async function runDpipe(argv: readonly string[], program: string): Promise<number> {
  const log = (message: string): void => complain(`${program}: ${message}\n`);
  const { given, operands, mistakes } = readArguments(argv, options, log, { longOnly: false, permute: false });
  if (given.has('help') || mistakes.length > 0) {
    complain(usage);
    return given.has('help') ? 0 : exitFailure;
  }
  return runShown(log, exitCodeOf, async () => {
    const line = parsePipedLine(operands);
    if (given.has('daemon') && !isInBackground()) return await startInBackground();
    return await run(line, given, log);
  });
}

function exitCodeOf(error: Error): number {
  if (error instanceof EtherloomError && error.code === 'bad-option') complain(usage);
  return exitFailure;
}

async function run(line: PipedLine, given: ReadonlyMap<string, string>, log: (message: string) => void): Promise<number> {
  const isDaemon = given.has('daemon');
  nameProcess('dpipe');
  const files = writeFiles(given);
  try {
    if (isDaemon) process.chdir('/');
    if (given.has('nowrapproc') || given.has('nowrapnoclean')) {
      if (isDaemon) tellReady();
      return becomeLast(line, given.has('nowrapnoclean') ? [] : files.map(({ path }) => path), log);
    }
    const dpipe = new Dpipe(line, { clock: realClock, log, heard: !isDaemon });
    if (isDaemon) tellReady();
    return await dpipe.ended;
  } finally {
    for (const file of files) file[Symbol.dispose]();
  }
}

/** Writes the files with the process id, and with that of the group, which this process leads. */
function writeFiles(given: ReadonlyMap<string, string>): (Disposable & { readonly path: string })[] {
  const numbers = [
    ['pidfile', process.pid],
    ['pgrpfile', -process.pid],
  ] as const;
  return numbers.flatMap(([name, number]) => {
    const path = given.get(name);
    return path === undefined ? [] : [{ path: resolve(path), ...writePidFile(path, { number, programs: ['dpipe'] }) }];
  });
}
