import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import { realClock } from '../clock.ts';
import { openSystemLog, plainLog } from '../daemon/line-log.ts';
import { writePidFile } from '../system/pid-file.ts';
import { alternates, namedSides, pipedSides, splitNames, type Sides } from '../companions/wirefilter/sides.ts';
import { parseValue } from '../companions/wirefilter/value.ts';
import { Wirefilter, type WirefilterOptions } from '../companions/wirefilter/wirefilter.ts';
import { EtherloomError } from '../errors.ts';
import type { QualityWord } from '../impairment/impairment.ts';
import { realRandom } from '../random.ts';
import { nameProcess } from '../system/daemon.ts';
import { isInBackground, startInBackground, type BackgroundOptions } from './background.ts';
import { endSignal, readArguments, runShown } from './companion.ts';
import { complain } from './complain.ts';
import type { Option, ParsedArguments } from './getopt.ts';
import { tellReady } from './tell-ready.ts';
import { claimStandardError } from '../system/claim.ts';

export { leave } from './leave.ts';

/** The impairments, by the names of their options. */
const words = new Map<string, QualityWord>([
  ['loss', 'loss'],
  ['lostburst', 'lostburst'],
  ['delay', 'delay'],
  ['dup', 'dup'],
  ['band', 'bandwidth'],
  ['speed', 'speed'],
  ['chanbufsize', 'capacity'],
  ['noise', 'noise'],
  ['mtu', 'mtu'],
]);

const options: readonly Option[] = [
  { name: 'help', short: 'h', long: ['help'], argument: false },
  { name: 'rcfile', short: 'f', long: ['rcfile'], argument: true },
  { name: 'loss', short: 'l', long: ['loss'], argument: true },
  { name: 'lostburst', short: 'L', long: ['lostburst'], argument: true },
  { name: 'delay', short: 'd', long: ['delay'], argument: true },
  { name: 'dup', short: 'D', long: ['dup'], argument: true },
  { name: 'band', short: 'b', long: ['band'], argument: true },
  { name: 'speed', short: 's', long: ['speed'], argument: true },
  { name: 'chanbufsize', short: 'c', long: ['chanbufsize', 'capacity'], argument: true },
  { name: 'noise', short: 'n', long: ['noise'], argument: true },
  { name: 'mtu', short: 'm', long: ['mtu'], argument: true },
  { name: 'nofifo', short: 'N', long: ['nofifo'], argument: false },
  { name: 'mgmt', short: 'M', long: ['mgmt'], argument: true },
  { name: 'mgmtmode', long: ['mgmtmode'], argument: true },
  { name: 'vde-plug', short: 'v', long: ['vde-plug'], argument: true },
  { name: 'daemon', long: ['daemon'], argument: false },
  { name: 'pidfile', long: ['pidfile'], argument: true },
  { name: 'blink', long: ['blink'], argument: true },
  { name: 'blinkid', long: ['blinkid'], argument: true },
];

const exitFailure = 1;

const usage = `usage: dpipe vde_plug A = wirefilter [options] = vde_plug B
       wirefilter [options] -v A:B      or: wirefilter [options] A B
Impairs the wire between two switches. A VALUE is [LR|RL]V[+P][k|m|g][u|n][[NODE]]: for one direction or both, a mean V
and its variation P, times 2^10, 2^20 or 2^30, distributed evenly (u) or normally (n), in a Markov node.
  -l, --loss VALUE         lost frames, percent
  -L, --lostburst VALUE    the average number of frames lost in a row
  -d, --delay VALUE        delay of a frame, ms
  -D, --dup VALUE          duplicated frames, percent
  -b, --band VALUE         speed of the channel, octets a second
  -s, --speed VALUE        speed of the sender, octets a second
  -c, --chanbufsize VALUE  the most that the channel holds, octets; also --capacity
  -n, --noise VALUE        wrong bits in 2^20 octets
  -m, --mtu VALUE          the longest frame, octets
  -N, --nofifo             frames may overtake each other
  -v, --vde-plug A:B       plugs of its own, named as for vde_plug, or - for standard input and output
  -M, --mgmt SOCK          the console's socket, for vdeterm SOCK
      --mgmtmode MODE      its permissions, octal (0700)
  -f, --rcfile FILE        commands to run at the start
      --blink SOCK         report each frame to that datagram socket
      --blinkid TEXT       begin the reports with TEXT, instead of the process id
      --daemon             run in the background once it carries frames
      --pidfile FILE       write the process id to FILE
  -h, --help               show this text
`;

/** Implements `wirefilter`, a wire with impairments, with the original's name and options. Returns the exit code. */
export async function runWirefilter(argv: readonly string[], program: string): Promise<number> {
  claimStandardError(complain);
  const say = (line: string): void => complain(`${program}: ${line}\n`);
  const { given, ...parsed } = readArguments(argv, options, say);
  if (parsed.mistakes.length > 0 || given.has('help') || ![0, 2].includes(parsed.operands.length)) {
    complain(usage);
    return exitFailure;
  }
  return runShown(
    say,
    () => exitFailure,
    async () => {
      const wishes = wishesOf(parsed, given);
      if (given.has('daemon') && !isInBackground()) return await startInBackground(neighbours(wishes.sides));
      await filter(wishes, given, say);
      return 0;
    },
  );
}

async function filter(wishes: WirefilterOptions, given: ReadonlyMap<string, string>, say: (line: string) => void): Promise<void> {
  const isDaemon = given.has('daemon');
  nameProcess('wirefilter');
  // A signal that arrives while a switch is being asked also ends the process cleanly.
  const told = endSignal().then(() => undefined);
  const log = isDaemon ? openSystemLog('wirefilter') : plainLog(say);
  const poison = process.env['ETHERLOOM_POISON'] === '1';
  const opening = Wirefilter.open(wishes, { clock: realClock, random: realRandom, log, poison });
  const opened = await Promise.race([opening, told]);
  if (!opened) return;
  let pidfile: Disposable | undefined;
  try {
    const file = given.get('pidfile');
    pidfile = file === undefined ? undefined : writePidFile(file, { programs: ['wirefilter'] });
    if (isDaemon) tellReady();
    else complain(`wirefilter: ${kindOf(wishes.sides)} starting...\n`);
    await Promise.race([opened.ended, told]);
  } finally {
    await opened[Symbol.asyncDispose]();
    pidfile?.[Symbol.dispose]();
  }
}

function wishesOf(parsed: ParsedArguments, given: ReadonlyMap<string, string>): WirefilterOptions {
  const [mgmt, blink] = [given.get('mgmt'), given.get('blink')];
  return {
    sides: sidesOf(parsed.operands, given.get('vde-plug')),
    values: parsed.options.flatMap(({ name, value }) => {
      const word = words.get(name);
      return word === undefined ? [] : [[word, valueOf(name, value)] as const];
    }),
    fifo: !given.has('nofifo'),
    rcfile: given.get('rcfile'),
    // With --daemon the working directory changes to `/` before these paths are used again.
    management: mgmt === undefined ? undefined : { path: resolve(mgmt), mode: octal(given.get('mgmtmode') ?? '700') },
    blink: blink === undefined ? undefined : { path: resolve(blink), id: given.get('blinkid') ?? String(process.pid).padStart(6, '0') },
    terminal: !given.has('daemon'),
  };
}

function sidesOf(operands: readonly string[], both: string | undefined): Sides {
  const names = both === undefined ? operands : splitNames(both);
  if (names === undefined) throw new EtherloomError('bad-option', `-v ${both ?? ''} does not name two plugs; use -v A:B`);
  const [left, right] = names;
  const sides = left === undefined || right === undefined ? pipedSides(process.env) : namedSides(left, right);
  if ((sides.left === 'standard' || sides.right === 'standard') && (isatty(0) || isatty(1))) {
    throw new EtherloomError(
      'bad-option',
      'standard input or output is a terminal, not a stream of frames; use dpipe vde_plug A = wirefilter = vde_plug B, or wirefilter -v A:B',
    );
  }
  return sides;
}

function valueOf(name: string, text: string): NonNullable<ReturnType<typeof parseValue>> {
  const value = parseValue(text);
  if (value) return value;
  throw new EtherloomError('bad-option', `--${name} ${text} is not a value; use one such as 20, 20+5, LR10+2n or 64k`);
}

function octal(text: string): number {
  if (/^[0-7]{1,4}$/.test(text)) return parseInt(text, 8) & 0o777;
  throw new EtherloomError('bad-option', `--mgmtmode ${text} is not an octal mode; use one such as 660`);
}

/** Returns the text that the original prints, for programs that wait for it. */
function kindOf({ left, right }: Sides): string {
  if (right === undefined) return 'monodirectional filter';
  if (typeof left !== 'object' && typeof right !== 'object') return 'bidirectional filter';
  const name = (side: typeof left): string => (typeof side === 'object' ? side.plug : '-');
  return `bidirectional vdeplug filter L=${name(left)} R=${name(right)}`;
}

/** Returns the descriptors by which the process in the background exchanges data with the commands beside it. */
function neighbours({ left, right }: Sides): BackgroundOptions {
  const standard = left === 'standard' || right === 'standard';
  const further = right === 'alternate' ? alternates(process.env) : undefined;
  if (!further) return { standard };
  return { standard, further, env: { ALTERNATE_STDIN: '4', ALTERNATE_STDOUT: '5' } };
}
