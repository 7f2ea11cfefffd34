import type { Option } from 'commander';
import { Command, CommanderError, Help } from 'commander';
import { complain } from '../daemon/serve.ts';
import { isForUser, messageOf } from '../errors.ts';
import { ownVersion } from '../system/own-package.ts';
import { runDemo, type DemoArguments } from './demo.ts';
import { runGuestBuild, runGuestStop } from './guest.ts';
import { addGatewayOptions } from './gateway-arguments.ts';
import { addNetworkOptions } from './network-arguments.ts';
import { addNodeCommands } from './node-commands.ts';
import { collect, groupId, integer, macAddress, octal, portSet, quality } from './option-values.ts';
import { addAddressHelp, portOption } from './port-option.ts';
import { findSingleDash } from './single-dash.ts';
import { addServiceCommands } from './service-commands.ts';
import { runStation, type StationArguments } from './station.ts';
import { print, printError } from './print.ts';
import { addBacklogOptions, addManagementOptions, sockOption } from './switch-options.ts';
import { runSwitch, type SwitchArguments } from './switch.ts';

const exitFailure = 1;
const exitUsage = 2;

/** A tool with a name of VDE's. */
interface Companion {
  readonly what: string;
  readonly load: () => Promise<(argv: readonly string[], program: string) => Promise<number>>;
}

/** The arguments of these tools are parsed as the originals parse them. */
const companions: ReadonlyMap<string, Companion> = new Map([
  companion('plug', 'vde_plug: connect a switch to a stream, or two switches', async () => (await import('./vde-plug.ts')).runVdePlug),
  companion(
    'plug2tap',
    'vde_plug2tap: connect a tap interface to a switch',
    async () => (await import('./vde-plug2tap.ts')).runVdePlug2tap,
  ),
  companion('slirp', 'slirpvde: connect a switch to the Internet by libslirp', async () => (await import('./slirpvde.ts')).runSlirpvde),
  companion(
    'autolink',
    'vde_autolink: keep links of a switch up by running commands',
    async () => (await import('./vde-autolink.ts')).runVdeAutolink,
  ),
  companion('dpipe', 'dpipe: join commands by pipes in both directions', async () => (await import('./dpipe.ts')).runDpipe),
  companion(
    'wirefilter',
    'wirefilter: impair a wire between two switches: loss, delay, noise …',
    async () => (await import('./wirefilter.ts')).runWirefilter,
  ),
  companion('vdecmd', 'run one command at the console of a switch or of wirefilter', async () => (await import('./vdecmd.ts')).runVdecmd),
  companion('unixterm', 'send lines to such a console, and show its output', async () => (await import('./unixterm.ts')).runUnixterm),
  companion('vdeterm', 'open such a console, with history and completion', async () => (await import('./vdeterm.ts')).runVdeterm),
]);

function companion(name: string, what: string, load: Companion['load']): [string, Companion] {
  return [name, { what, load }];
}

/** Runs `etherloom` with these arguments, and returns the exit code. */
export async function runEtherloom(argv: readonly string[]): Promise<number> {
  const [, , name = '', ...rest] = argv;
  const tool = companions.get(name);
  if (tool) return (await tool.load())(rest, `etherloom ${name}`);
  let status = 0;
  try {
    const root = program((code) => (status = code));
    const mistake = findSingleDash(rest, longOptionsOf(root, [name, ...rest]));
    if (mistake) root.error(`etherloom: ${mistake.given}: a long option has two dashes; write ${mistake.meant}`);
    await root.parseAsync([...argv]);
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
    if (!isForUser(error)) throw error;
    complain(`etherloom: ${messageOf(error)}`);
    return exitFailure;
  }
}

/** Returns the long options of the command that the words name. */
function longOptionsOf(root: Command, words: readonly string[]): string[] {
  let command = root;
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    command = next;
  }
  return command.options.flatMap(({ long }) => long ?? []);
}

/** Builds the commands. `exit` is called with the exit status of a command that returns one. */
function program(exit: (status: number) => void): Command {
  const root = new Command('etherloom')
    .description('Ethernet in userspace: switches, a star of switches with DHCP, and QEMU guests')
    .version(ownVersion())
    .exitOverride()
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({ writeOut: print, writeErr: printError })
    .showHelpAfterError('(see etherloom --help)');
  addSwitch(root, exit);
  addNodeCommands(root, exit);
  addServiceCommands(root);
  addGuest(root);
  addStation(root);
  addDemo(root, exit);
  for (const [name, { what }] of companions) root.command(name).description(what);
  return root;
}

/** Describes an option for the help, without a default that adds nothing: `(default: false)`, `(default: [])`. */
function describeOption(option: Option): string {
  const defaultValue: unknown = option.defaultValue;
  const isPlain = defaultValue === false || (Array.isArray(defaultValue) && defaultValue.length === 0);
  return isPlain ? option.description : new Help().optionDescription(option);
}

function addSwitch(root: Command, exit: (status: number) => void): void {
  const command = root
    .command('switch')
    .description('run one switch on a VDE socket directory')
    .addOption(sockOption('-s, '))
    .option('-m, --mode <mode>', 'mode of the sockets, octal', octal)
    .option('--dirmode <mode>', 'mode of the directory, octal', octal)
    .option('-g, --group <group>', 'group of the directory and of the sockets', groupId)
    .addOption(portOption())
    .option('-t, --tap <name>', 'open a port on this tap interface, and make the interface if it does not exist (repeatable)', collect, [])
    .option('-n, --numports <n>', 'number of ports', integer(1, 65_536), 1024)
    .option('--no-trunk', 'new ports carry only the VLANs that they are made members of')
    .option('--guard <ports>', 'refuse what hostile stations send at these ports, as 1,4-9, or all: see docs/ports.md', portSet)
    .option('-F, --fstp', 'switch the fast spanning tree on', false)
    .option('--macaddr <mac>', 'MAC address of the switch in the spanning tree (default: random, 00:ff:…)', macAddress)
    .option('--priority <n>', 'priority in the spanning tree; the lowest becomes the root', integer(0, 0xffff), 0x8000)
    .option('-x, --hub', 'act as a hub: send every frame to all ports, without a spanning tree', false)
    .option('--impair <quality>', 'impair the frames of the ports of --port and --tap, as in "loss 5, delay 20+5"', quality)
    .option('--plain', 'allow unencrypted ports beyond this machine', false)
    .option('--dhcp <subnet>', 'run a DHCP server in the switch for this network, as 10.77.0.0/24')
    .option('--state <dir>', 'directory of the leases (default: beside the sockets, in DIR.state)');
  addAddressHelp(addManagementOptions(addBacklogOptions(addGatewayOptions(addNetworkOptions(command))))).action(
    async (options: SwitchArguments) => exit(await runSwitch(options)),
  );
}

function addGuest(root: Command): void {
  const guest = root.command('guest').description('build and stop the small Linux guest');
  guest
    .command('build')
    .description("build the guest's image from Debian's packages")
    .argument('[dir]', 'directory of the image')
    .option('--force', 'build the image even if it exists', false)
    .action((directory: string | undefined, { force }: { force: boolean }) => runGuestBuild(directory, force));
  guest
    .command('stop')
    .description('stop a guest whose master or slave has ended')
    .requiredOption('--state <dir>', "the master's or slave's --state")
    .action(({ state }: { state: string }) => runGuestStop(state));
}

function addStation(root: Command): void {
  root
    .command('station')
    .description('run a small host on a switch, without QEMU: it gets an address by DHCP, answers pings and sends them')
    .requiredOption('--sock <dir>', "directory of the switch's sockets")
    .option('--mac <address>', 'MAC address')
    .option('--id <n>', 'derive the MAC address from this id', integer(0, 65_535))
    .option('--ping <address>', 'ping this address once a second (repeatable)', collect, [])
    .action((options: StationArguments) => runStation(options));
}

function addDemo(root: Command, exit: (status: number) => void): void {
  root
    .command('demo')
    .description('run a star on this machine: a master, two slaves and a guest for each')
    .option('--stations', 'use stations instead of guests', false)
    .option('--no-install', 'do not install QEMU')
    .action(async (options: DemoArguments) => exit(await runDemo(options)));
}
