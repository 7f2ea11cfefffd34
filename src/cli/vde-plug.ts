import { SpokenAddresses } from '../companions/plug-addresses.ts';
import type { PlugPeer } from '../companions/plug.ts';
import { EtherloomError } from '../errors.ts';
import { openSyslog } from '../daemon/syslog.ts';
import { isInBackground, startInBackground } from './background.ts';
import { readArguments, runShown } from './companion.ts';
import { complain } from './complain.ts';
import type { Option } from './getopt.ts';
import { exitCodeOf, exitUsage, plugAt, runPlug } from './run-plug.ts';
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

const usage = `usage: vde_plug [options] [SWITCH]                  frames on standard input and output
       vde_plug [options] [SWITCH] = command [...]  on those of the command
       vde_plug [options] SWITCH SWITCH             between two switches
Plugs into a switch. SWITCH is the switch's directory, optionally followed by a port in brackets ('/run/sw[5]'),
or a URL: vde://DIR[5], tap://NAME, vxlan://HOST/vni=77, cmd://COMMAND. Without one, or with '', it is the default switch.
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
  const say = (line: string): void => complain(`${program}: ${line}\n`);
  const { given, operands, mistakes } = readArguments(border < 0 ? argv : argv.slice(0, border), options, say);
  const command = border < 0 ? undefined : argv.slice(border + 1);
  const names = [...(given.has('sock') ? [given.get('sock') ?? ''] : []), ...operands];
  if (given.has('command')) {
    complain(`${program}: ${noShell}`);
    return exitUsage;
  }
  if (mistakes.length > 0 || given.has('help') || command?.length === 0 || names.length > (command ? 1 : 2)) {
    complain(usage);
    return exitUsage;
  }
  return runShown(say, exitCodeOf, async () => {
    const wishes = { given, names, command, ...portAndPidfile(given) };
    if (given.has('daemon') && !command && names.length < 2) {
      throw new EtherloomError('bad-option', '-d leaves no standard input; give a command after =, or a second switch');
    }
    if (given.has('daemon') && !isInBackground()) return await startInBackground();
    await plugIn(wishes, say);
    return 0;
  });
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
  const { given, names, command, pidfile, port } = wishes;
  const record = given.has('log') || given.has('iplog') ? openSyslog('vde_plug') : undefined;
  const addresses = given.has('iplog') ? new SpokenAddresses((address) => record?.tell(`IP ${address}`)) : undefined;
  const description = given.get('descr') ?? 'vdeplug:';
  const words = { port, mode: given.get('mode'), group: given.get('group') };
  const words2 = { port: given.get('port2'), mode: given.get('mode2'), group: given.get('group2') };
  const plug = plugAt(names[0] ?? '', words, description);
  const peer: PlugPeer = command ? { command } : names.length === 2 ? plugAt(names[1] ?? '', words2, description) : 'standard';
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
