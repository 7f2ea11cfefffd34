import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { complain } from '../daemon/serve.ts';
import { isForUser, messageOf } from '../errors.ts';
import { parseQuality } from '../ports/impairment-text.ts';
import type { Quality } from '../ports/impairment.ts';
import { gidOf } from '../system/accounts.ts';
import { packageFile } from '../system/own-package.ts';
import { isGroupMac, parseMac, type MacAddress } from '../wire/mac.ts';
import { runDemo, type DemoArguments } from './demo.ts';
import { runGuestBuild, runGuestStop } from './guest.ts';
import { runMaster, type MasterArguments } from './master.ts';
import { findSingleDash } from './single-dash.ts';
import { runSlave, type SlaveArguments } from './slave.ts';
import { runStation, type StationArguments } from './station.ts';
import { print, printError } from './print.ts';
import { runSwitch, type SwitchArguments } from './switch.ts';

const exitFailure = 1;
const exitUsage = 2;

/** A tool of an old name. */
interface Companion {
  readonly what: string;
  readonly run: (argv: readonly string[], program: string) => Promise<number>;
}

/** Their arguments are read as the originals read them. */
const companions: ReadonlyMap<string, Companion> = new Map<string, Companion>([
  [
    'plug',
    {
      what: 'vde_plug: frames between a switch and a stream, or two switches',
      run: async (...args) => (await import('./vde-plug.ts')).runVdePlug(...args),
    },
  ],
  [
    'plug2tap',
    {
      what: 'vde_plug2tap: a tap interface of this machine on a switch',
      run: async (...args) => (await import('./vde-plug2tap.ts')).runVdePlug2tap(...args),
    },
  ],
  [
    'autolink',
    {
      what: 'vde_autolink: links of a switch that are kept by commands',
      run: async (...args) => (await import('./vde-autolink.ts')).runVdeAutolink(...args),
    },
  ],
  [
    'dpipe',
    { what: 'dpipe: commands joined by pipes in both directions', run: async (...args) => (await import('./dpipe.ts')).runDpipe(...args) },
  ],
  [
    'wirefilter',
    {
      what: 'a bad wire between two streams or switches: loss, delay, noise and so on',
      run: async (...args) => (await import('./wirefilter.ts')).runWirefilter(...args),
    },
  ],
  [
    'vdecmd',
    {
      what: 'one command for the console of a switch or of wirefilter',
      run: async (...args) => (await import('./vdecmd.ts')).runVdecmd(...args),
    },
  ],
  ['unixterm', { what: 'such a console, as it is', run: async (argv) => (await import('./unixterm.ts')).runUnixterm(argv) }],
  [
    'vdeterm',
    {
      what: 'such a console for people, with history and completion',
      run: async (argv) => (await import('./vdeterm.ts')).runVdeterm(argv),
    },
  ],
]);

/** Runs `etherloom`: argv in, exit code out. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const [, , name = '', ...rest] = argv;
  const companion = companions.get(name);
  if (companion) return companion.run(rest, `etherloom ${name}`);
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

/** The long options of the command that the words name. */
function longOptionsOf(root: Command, words: readonly string[]): string[] {
  let command = root;
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    command = next;
  }
  return command.options.flatMap(({ long }) => long ?? []);
}

/** `exit` is called with the status of a command that ends with one of its own. */
function program(exit: (status: number) => void): Command {
  const root = new Command('etherloom')
    .description('Ethernet in userspace: switches, a star of them with DHCP, and QEMU guests in front')
    .version(versionOfPackage())
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: printError })
    .showHelpAfterError('(etherloom --help tells more)');
  addSwitch(root, exit);
  addMaster(root, exit);
  addSlave(root, exit);
  addGuest(root);
  addStation(root);
  addDemo(root, exit);
  for (const [name, { what }] of companions) root.command(name).description(what);
  return root;
}

function addSwitch(root: Command, exit: (status: number) => void): void {
  const command = root
    .command('switch')
    .description('a switch alone, on a VDE socket directory')
    .addOption(sockOption('-s, '))
    .option('-m, --mode <mode>', 'permissions of the sockets, octal', octal)
    .option('--dirmode <mode>', 'permissions of the directory, octal', octal)
    .option('-g, --group <group>', 'group of the directory and of the sockets', groupId)
    .option(
      '--port <address>',
      'open a port: tcp://HOST:PORT, tcp-listen://HOST:PORT, vde://DIR[N], qemu://LOCAL,REMOTE, qemu-stream[-listen]://PATH, tap://NAME, ws://HOST:PORT/PATH?token=TOKEN (repeatable)',
      collect,
      [],
    )
    .option('-t, --tap <name>', 'open a port on that tap interface of this machine, made if it is not there (repeatable)', collect, [])
    .option('-n, --numports <n>', 'number of ports', integer(1, 65_536), 1024)
    .option('--no-trunk', 'let only the VLANs pass a new port that it is made a member of')
    .option('-F, --fstp', 'take part in spanning trees', false)
    .option('--macaddr <mac>', "the switch's own address in them; one by lot, 00:ff:…, if none is given", macAddress)
    .option('--priority <n>', 'its priority in them; the lowest is the root', integer(0, 0xffff), 0x8000)
    .option('-x, --hub', 'send every frame to all ports; then there is no spanning tree', false)
    .option('--impair <quality>', 'what those ports shall do to frames: "loss 5, delay 20+5"', quality)
    .option('--plain', 'allow ports beyond this machine, without encryption', false);
  addManagementOptions(addBacklogOptions(command)).action(async (options: SwitchArguments) => exit(await runSwitch(options)));
}

function addMaster(root: Command, exit: (status: number) => void): void {
  const command = root
    .command('master')
    .description('the centre of a star: switch, DHCP server, the listening side of the links')
    .requiredOption('--listen <host:port>', 'where slaves link; they ask on the port above it')
    .requiredOption('--subnet <network>', 'the network to serve, as 10.77.0.0/24')
    .option('--control <port>', 'where slaves ask, if not on the port above', integer(1, 65_535))
    .option('--no-dhcp', 'serve no addresses; with --guest, the guest serves them')
    .option('--slave-port <id=port>', 'a listening port of one slave alone (repeatable)', collect, [])
    .option('--reserve <id=address>', 'the address of a guest (repeatable)', collect, [])
    .option('--mtu <octets>', 'the MTU of the segment, told to all who ask for an address', integer(68, 65_521), 1500)
    .option('--lease-time <seconds>', 'how long a lease lasts', integer(60, 0xffff_ffff))
    .option('--max-links <n>', 'how many links there may be', integer(1, 65_535), 256);
  addNodeOptions(command).action(async (options: MasterArguments) => exit(await runMaster(options)));
}

function addSlave(root: Command, exit: (status: number) => void): void {
  const command = root
    .command('slave')
    .description('a host of a star: its own switch in front of its guest, linked to the master')
    .requiredOption('--master <host:port>', "the master's --listen address")
    .option('--control <port>', 'where the master is asked, if not on the port above', integer(1, 65_535))
    .option('--id <n>', 'the id to have; else the master gives the next', integer(1, 65_535))
    .option('--impair <quality>', 'what the link shall do to frames: "loss 5, delay 20+5"', quality);
  addNodeOptions(command).action(async (options: SlaveArguments) => exit(await runSlave(options)));
}

function addGuest(root: Command): void {
  const guest = root.command('guest').description('the small Linux guest');
  guest
    .command('build')
    .description("make the guest's image from Debian's packages")
    .argument('[dir]', 'where to')
    .option('--force', 'also when it is there', false)
    .action((directory: string | undefined, { force }: { force: boolean }) => runGuestBuild(directory, force));
  guest
    .command('stop')
    .description('stop a guest whose master or slave is gone')
    .requiredOption('--state <dir>', "the master's or slave's --state")
    .action(({ state }: { state: string }) => runGuestStop(state));
}

function addStation(root: Command): void {
  root
    .command('station')
    .description('a small host on a switch, without QEMU: gets an address by DHCP, answers pings and sends them')
    .requiredOption('--sock <dir>', "the switch's directory of sockets")
    .option('--mac <address>', 'its MAC address')
    .option('--id <n>', 'the id from which its MAC address follows', integer(0, 65_535))
    .option('--ping <address>', 'ping that address once a second (repeatable)', collect, [])
    .action((options: StationArguments) => runStation(options));
}

function addDemo(root: Command, exit: (status: number) => void): void {
  root
    .command('demo')
    .description('a star on this machine, live: a master, two slaves, and a guest in front of each')
    .option('--stations', 'stations in front of the switches, even where there could be guests', false)
    .option('--no-install', 'install nothing')
    .action(async (options: DemoArguments) => exit(await runDemo(options)));
}

/** What master and slave share. */
function addNodeOptions(command: Command): Command {
  return addManagementOptions(addBacklogOptions(command))
    .addOption(sockOption())
    .option('--state <dir>', 'what is kept across restarts')
    .option('--guest <dir>', 'start a guest from the image that `etherloom guest build` made there')
    .addOption(new Option('--attach <how>', 'how QEMU is attached').choices(['stream', 'stream-server', 'dgram', 'vde']))
    .addOption(new Option('--accel <name>', "QEMU's accelerator").choices(['auto', 'tcg', 'kvm']))
    .option('--qemu <path>', 'the QEMU to use')
    .option('--memory <mib>', "the guest's memory in MiB, at least 80 (default: 96)", integer(1, 65_536))
    .option('--link-mtu <octets>', 'the largest MTU that links carry', integer(1500, 65_517), 65_517)
    .option('--plain', 'allow a link beyond this machine, without encryption', false);
}

/** How a switch is managed, and how it goes on. */
function addManagementOptions(command: Command): Command {
  return command
    .option('-M, --mgmt <path>', "the console's socket")
    .option('--mgmtmode <mode>', 'its permissions, and those of the sockets of port 0, octal', octal)
    .option('--mgmtgroup <group>', 'its group, and that of the sockets of port 0', groupId)
    .option('-f, --rcfile <file>', "commands to begin with, in the console's words (repeatable)", collect, [])
    .option('--console', 'make standard input a console, too; the switch ends with it', false)
    .option('--nostdin', 'standard input is none: so it is anyway')
    .option('-p, --pidfile <file>', 'write the process id there')
    .option('-d, --daemon', 'go on in the background, once it serves', false);
}

/** What is kept for those who do not read. */
function addBacklogOptions(command: Command): Command {
  return command
    .option('--backlog-frames <n>', 'how many frames wait for a reader at most', integer(0, 2 ** 20), 4096)
    .option('--backlog-octets <n>', 'how many octets wait for a reader at most', integer(0, 2 ** 30), 2 * 2 ** 20)
    .option('--backlog-age <ms>', 'how long a frame waits for a reader at most, in milliseconds', integer(1, 2 ** 31 - 1), 2000)
    .option('--backlog-budget <octets>', 'the memory of all that waits', integer(0, 2 ** 34), 32 * 2 ** 20);
}

function sockOption(short = ''): Option {
  return new Option(`${short}--sock <dir>`, "the switch's directory of sockets");
}

function quality(value: string): Quality {
  try {
    return parseQuality(value);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function octal(text: string): number {
  if (/^[0-7]{1,5}$/.test(text)) return parseInt(text, 8);
  throw new InvalidArgumentError('It must be an octal mode, as 660.');
}

function groupId(name: string): number {
  const gid = gidOf(name);
  if (gid === undefined) throw new InvalidArgumentError('There is no such group.');
  return gid;
}

function macAddress(text: string): MacAddress {
  const mac = parseMac(text);
  if (mac === undefined || isGroupMac(mac)) throw new InvalidArgumentError('It must be the address of one station, as 00:ff:00:00:00:01.');
  return mac;
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
  };
}

function versionOfPackage(): string {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };
  return version;
}
