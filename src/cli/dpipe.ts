import { resolve } from 'node:path';
import { realClock } from '../clock.ts';
import { parsePipedLine, type PipedLine } from '../companions/dpipe-line.ts';
import { becomeLast, Dpipe } from '../companions/dpipe.ts';
import { writePidFile } from '../system/pid-file.ts';
import { EtherloomError, isForUser } from '../errors.ts';
import { nameProcess } from '../system/daemon.ts';
import { isInBackground, startInBackground } from './background.ts';
import { complain } from './complain.ts';
import { getopt, type Option } from './getopt.ts';
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
Joins commands by pipes in both directions. A command between two others speaks to the right by the descriptors that
ALTERNATE_STDIN and ALTERNATE_STDOUT name.
  A =} B }= C            B is on the way from A to C only
  A ={ B {= C            B is on the way from C to A only
  -d, --daemon           go on in the background
  -p, --pidfile FILE     write the process id to FILE
  -P, --pgrpfile FILE    write the process group to FILE, as kill takes it
  -n, --nowrapproc       become the last command, instead of waiting for it
  -N, --nowrapnoclean    the same, and leave the files where they are
  -h, --help             this text
`;

/** `dpipe`: commands joined in both directions, under its old name, with its old options. Returns the exit code. */
export async function runDpipe(argv: readonly string[], program: string): Promise<number> {
  const { options: found, operands, mistakes } = getopt(argv, options, { longOnly: false, permute: false });
  const given = new Map(found.map(({ name, value }) => [name, value]));
  for (const mistake of mistakes) complain(`${program}: ${mistake}\n`);
  if (given.has('help') || mistakes.length > 0) {
    complain(usage);
    return given.has('help') ? 0 : exitFailure;
  }
  const log = (message: string): void => complain(`${program}: ${message}\n`);
  try {
    const line = parsePipedLine(operands);
    if (given.has('daemon') && !isInBackground()) return await startInBackground();
    return await run(line, given, log);
  } catch (error) {
    if (!isForUser(error)) throw error;
    log(error.message);
    if (error instanceof EtherloomError && error.code === 'bad-option') complain(usage);
    return exitFailure;
  }
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

/** The process's id, and that of its group, which it leads. */
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
