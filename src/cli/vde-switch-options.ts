import { EtherloomError } from '../errors.ts';
import { cInteger } from '../vde-console/arguments.ts';
import { mostPorts } from '../management/port-table.ts';
import { gidNamed } from '../system/accounts.ts';
import { parseMac, type MacAddress } from '../wire/mac.ts';
import type { Option, ParsedArguments } from './getopt.ts';

/** The exit code after a mistake in the arguments. */
export const exitUsage = 1;

/** Returns the exit code of a switch that fails with this error, as scripts expect it. */
export function exitStatusOf(error: Error): number {
  return error instanceof EtherloomError && error.code === 'bad-option' ? exitUsage : 255;
}

/** The options of VDE's `vde_switch`. */
export const vdeSwitchOptions: readonly Option[] = [
  { name: 'help', short: 'h', long: ['help'], argument: false },
  { name: 'version', short: 'v', long: ['version'], argument: false },
  { name: 'numports', short: 'n', long: ['numports'], argument: true },
  { name: 'hub', short: 'x', long: ['hub'], argument: false },
  { name: 'fstp', short: 'F', long: ['fstp'], argument: false },
  { name: 'macaddr', long: ['macaddr'], argument: true },
  { name: 'priority', long: ['priority'], argument: true },
  { name: 'hashsize', long: ['hashsize'], argument: true },
  { name: 'sock', short: 's', long: ['sock', 'vdesock', 'unix'], argument: true },
  { name: 'mode', short: 'm', long: ['mod', 'mode'], argument: true },
  { name: 'dirmode', long: ['dirmode'], argument: true },
  { name: 'group', short: 'g', long: ['group'], argument: true },
  { name: 'daemon', short: 'd', long: ['daemon'], argument: false },
  { name: 'pidfile', short: 'p', long: ['pidfile'], argument: true },
  { name: 'rcfile', short: 'f', long: ['rcfile'], argument: true },
  { name: 'mgmt', short: 'M', long: ['mgmt'], argument: true },
  { name: 'mgmtmode', long: ['mgmtmode'], argument: true },
  { name: 'mgmtgroup', long: ['mgmtgroup'], argument: true },
  { name: 'backlog-age', long: ['backlog-age'], argument: true },
  { name: 'nostdin', long: ['nostdin'], argument: false },
  { name: 'debugclients', short: 'D', long: ['debugclients'], argument: true },
  { name: 'tap', short: 't', long: ['tap'], argument: true },
];

/** The output of `vde_switch --help`. */
export const vdeSwitchUsage = `usage: vde_switch [options]
A virtual Ethernet switch on a VDE socket directory.
  -s, --sock DIR         directory of the sockets (default: /var/run/vde.ctl as root, else /tmp/vde.ctl)
  -n, --numports N       number of ports (default: 32)
  -x, --hub              act as a hub: send every frame to every port
  -F, --fstp             switch the fast spanning tree on
      --macaddr MAC      MAC address of the switch (default: random, 00:ff:...)
      --priority N       priority in the spanning tree (default: 0x8000)
      --hashsize N       size of the station table that the console shows (default: 128)
  -m, --mode MODE        permissions of the sockets, octal
      --dirmode MODE     permissions of the directory, octal
  -g, --group GROUP      group of the directory and of the sockets
  -M, --mgmt SOCK        socket of the management console
      --mgmtmode MODE    permissions of the console and of the sockets of port 0, octal (default: 0600)
      --mgmtgroup GROUP  group of the console and of the sockets of port 0
  -f, --rcfile FILE      commands to run at the start (default: ~/.vde2/vde_switch.rc, else /etc/vde2/vde_switch.rc)
  -d, --daemon           run in the background once it serves
  -p, --pidfile FILE     write the process id to FILE
  -t, --tap NAME         add a port on this tap interface (repeatable)
      --backlog-age MS   drop frames that a reader did not take for MS milliseconds (default: 2000)
      --nostdin          do not read commands from standard input, and do not end at its end
  -D, --debugclients N   accepted, no effect
  -h, --help             show this text
  -v, --version          show the version
`;

/** The settings of a switch; undefined for an option that was not given. */
export interface SwitchSettings {
  readonly directory: string;
  readonly numports: number;
  readonly hub: boolean;
  readonly fstp: boolean;
  readonly mac: MacAddress | undefined;
  readonly priority: number | undefined;
  readonly hashSize: number | undefined;
  readonly mode: number | undefined;
  readonly directoryMode: number | undefined;
  readonly gid: number | undefined;
  readonly managementMode: number | undefined;
  readonly managementGid: number | undefined;
  readonly mgmt: string | undefined;
  readonly rcFile: string | undefined;
  readonly pidfile: string | undefined;
  /** How long a frame may wait for a reader, in milliseconds. */
  readonly backlogAge: number | undefined;
  readonly daemon: boolean;
  readonly nostdin: boolean;
  readonly taps: readonly string[];
}

/**
 * Returns the settings from the command line. If an option is repeated, the last one counts. A value that is not a number is reported to
 * `complain` and ignored, as in the original. Throws EtherloomError('bad-option').
 */
export function settingsOf({ options }: Pick<ParsedArguments, 'options'>, complain: (line: string) => void): SwitchSettings {
  const given = new Map(options.map(({ name, value }) => [name, value]));
  const read = <Value>(name: string, parse: (text: string) => Value | undefined): Value | undefined => {
    const text = given.get(name);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) complain(`--${name} ${text} is not a number, so the option is ignored`);
    return value;
  };
  return {
    directory: given.get('sock') ?? (process.geteuid?.() === 0 ? '/var/run/vde.ctl' : '/tmp/vde.ctl'),
    numports: checkedPorts(read('numports', cInteger) ?? 32),
    hub: given.has('hub'),
    fstp: given.has('fstp'),
    mac: read('macaddr', macOf),
    priority: read('priority', priorityOf),
    hashSize: read('hashsize', cInteger),
    mode: read('mode', octal),
    directoryMode: read('dirmode', octal),
    gid: read('group', groupId),
    managementMode: read('mgmtmode', octal),
    managementGid: read('mgmtgroup', groupId),
    mgmt: given.get('mgmt'),
    rcFile: given.get('rcfile'),
    pidfile: given.get('pidfile'),
    backlogAge: read('backlog-age', ageOf),
    daemon: given.has('daemon'),
    nostdin: given.has('nostdin'),
    taps: options.filter(({ name }) => name === 'tap').map(({ value }) => value),
  };
}

/** Parses an address with colons or dots between its octets. */
function macOf(text: string): MacAddress {
  const mac = text.includes('-') ? undefined : parseMac(text);
  if (mac === undefined) throw new EtherloomError('bad-option', `Invalid MAC Addr ${text}; write it as 00:ff:00:00:00:01`);
  return mac;
}

function checkedPorts(numports: number): number {
  if (numports < 1) throw new EtherloomError('bad-option', `The switch must have at least 1 port, not ${numports}`);
  if (numports > mostPorts) throw new EtherloomError('bad-option', `The switch must have at most ${mostPorts} ports, not ${numports}`);
  return numports;
}

/** Parses a time above 0. */
function ageOf(text: string): number | undefined {
  const number = cInteger(text);
  return number !== undefined && number > 0 ? number : undefined;
}

/** Parses a number, and keeps the 16 bits that a BPDU has room for. */
function priorityOf(text: string): number | undefined {
  const number = cInteger(text);
  return number === undefined ? undefined : number & 0xffff;
}

/** Parses permission bits like `%o`. [scanf(3)] */
function octal(text: string): number | undefined {
  const [digits] = /^\s*[0-7]+/.exec(text) ?? [];
  return digits === undefined ? undefined : parseInt(digits, 8) & 0o7777;
}

function groupId(name: string): number {
  const gid = gidNamed(name);
  if (gid === undefined) throw new EtherloomError('bad-option', `No such group '${name}'; name a group of this machine`);
  return gid;
}
