import { SpokenAddresses } from '../companions/plug-addresses.ts';
import { describePlug } from '../companions/plug-end.ts';
import { plugMode, plugPlace, plugPort } from '../companions/plug-name.ts';
import type { PlugAt, PlugPeer } from '../companions/plug.ts';
import { EtherloomError, isForUser } from '../errors.ts';
import { openSyslog } from '../daemon/syslog.ts';
import { isInBackground, startInBackground } from './background.ts';
import { complain } from './complain.ts';
import { getopt, type Option } from './getopt.ts';
import { runPlug } from './run-plug.ts';
import { claimStandardError } from '../system/claim.ts';

export { leave } from './leave.ts';

/** The options of both generations of the original. They differ in -p, which its argument decides: see `portAndPidfile`. */
const options: readonly Option[] = [
  { name: 'help', short: 'h', long: ['help'], argument: false },
  { name: 'sock', short: 's', long: ['sock', 'vdesock', 'unix'], argument: true },
  { name: 'p', short: 'p', argument: true },
  { name: 'port', long: ['port'], argument: true },
  { name: 'port2', long: ['port2'], argument: true },
  { name: 'pidfile', long: ['pidfile'], argument: true },
  { name: 'mode', short: 'm', long: ['mod', 'mode'], argument: true },
  { name: 'mode2', short: 'M', long: ['mod2', 'mode2'], argument: true },
  { name: 'group', short: 'g', long: ['group'], argument: true },
  { name: 'group2', short: 'G', long: ['group2'], argument: true },
  { name: 'descr', short: 'D', long: ['descr'], argument: true },
  { name: 'daemon', short: 'd', long: ['daemon'], argument: false },
  { name: 'log', short: 'l', long: ['log'], argument: false },
  { name: 'iplog', short: 'L', long: ['iplog'], argument: false },
  { name: 'command', short: 'c', argument: true },
];

const exitFailure = 1;
const exitUsage = 255;

const usage = `usage: vde_plug [options] [SWITCH]                  frames on standard input and output
       vde_plug [options] [SWITCH] = command [...]  on those of the command
       vde_plug [options] SWITCH SWITCH             between two switches
Plugs into a switch. SWITCH is the switch's directory, optionally followed by a port in brackets ('/run/sw[5]'),
or a URL: vde://DIR[5], tap://NAME, cmd://COMMAND. Without one, or with '', it is the default switch.
  -s, --sock DIR         another way to give SWITCH
      --port N           the port; also -p N, if N is a number
  -g, --group GROUP      group of the plug's socket
  -m, --mod MODE         permissions of the plug's socket, octal
      --port2, -G, -M    the same for the second switch
  -D, --descr TEXT       the description that the switch shows, instead of vdeplug:
  -d, --daemon           run in the background once it is plugged in
  -p, --pidfile FILE     write the process id to FILE; with -p, FILE must not be a number
  -l, --log              write start and end to the system's log
  -L, --iplog            also write each IP address that sends frames
  -h, --help             show this text
`;

const noShell = `vde_plug is not a login shell: give the user one, and have sshd start vde_plug with a line such as
  restrict,command="vde_plug DIR" ssh-ed25519 AAAA...
in the user's ~/.ssh/authorized_keys
`;

/** The parsed command line. */
interface Wishes {
  readonly given: ReadonlyMap<string, string>;
  readonly names: readonly string[];
  readonly command: readonly string[] | undefined;
  readonly pidfile: string | undefined;
  readonly port: string | undefined;
}

/** Implements `vde_plug` with the original's name and the options of both generations. Returns the exit code. */
export async function runVdePlug(argv: readonly string[], program: string): Promise<number> {
  claimStandardError(complain);
  // All arguments after it belong to the command.
  const border = argv.indexOf('=');
  const parsed = getopt(border < 0 ? argv : argv.slice(0, border), options);
  const command = border < 0 ? undefined : argv.slice(border + 1);
  const given = new Map(parsed.options.map(({ name, value }) => [name, value]));
  for (const mistake of parsed.mistakes) complain(`${program}: ${mistake}\n`);
  const names = [...(given.has('sock') ? [given.get('sock') ?? ''] : []), ...parsed.operands];
  if (given.has('command')) {
    complain(`${program}: ${noShell}`);
    return exitUsage;
  }
  if (parsed.mistakes.length > 0 || given.has('help') || command?.length === 0 || names.length > (command ? 1 : 2)) {
    complain(usage);
    return exitUsage;
  }
  try {
    const wishes = { given, names, command, ...portAndPidfile(given) };
    if (given.has('daemon') && !command && names.length < 2) {
      throw new EtherloomError('bad-option', '-d leaves no standard input; give a command after =, or a second switch');
    }
    if (given.has('daemon') && !isInBackground()) return await startInBackground();
    await plugIn(wishes, (line) => complain(`${program}: ${line}\n`));
    return 0;
  } catch (error) {
    if (!isForUser(error)) throw error;
    complain(`${program}: ${error.message}\n`);
    return error instanceof EtherloomError && error.code === 'bad-option' ? exitUsage : exitFailure;
  }
}

/**
 * Decides whether -p is a port, as in the older generation, or a pidfile. It is a port if it is a number, or given with -s, which only the
 * older generation had.
 */
function portAndPidfile(given: ReadonlyMap<string, string>): Pick<Wishes, 'pidfile' | 'port'> {
  const p = given.get('p');
  const isPort = p !== undefined && (/^\d+$/.test(p) || given.has('sock'));
  return { port: given.get('port') ?? (isPort ? p : undefined), pidfile: given.get('pidfile') ?? (isPort ? undefined : p) };
}

async function plugIn(wishes: Wishes, say: (line: string) => void): Promise<void> {
  const { given, names, command, pidfile } = wishes;
  const record = given.has('log') || given.has('iplog') ? openSyslog('vde_plug') : undefined;
  const addresses = given.has('iplog') ? new SpokenAddresses((address) => record?.tell(`IP ${address}`)) : undefined;
  const plug = plugAt(names[0] ?? '', wishes, '');
  const peer: PlugPeer = command ? { command } : names.length === 2 ? plugAt(names[1] ?? '', wishes, '2') : 'standard';
  const observe = addresses && ((frame: Uint8Array): void => addresses.observe(frame));
  await runPlug({
    name: 'vde_plug',
    isDaemon: given.has('daemon'),
    pidfile,
    say,
    record: record && ((line) => record.tell(line)),
    plug,
    peer,
    observe,
  });
}

function plugAt(name: string, { given, port }: Wishes, which: '' | '2'): PlugAt {
  const [number, mode] = [which === '' ? port : given.get('port2'), given.get(`mode${which}`)];
  const settings = {
    port: number === undefined ? undefined : plugPort(number),
    mode: mode === undefined ? undefined : plugMode(mode),
    group: given.get(`group${which}`),
    description: describePlug(given.get('descr') ?? 'vdeplug:'),
  };
  return { place: plugPlace(name), settings };
}
