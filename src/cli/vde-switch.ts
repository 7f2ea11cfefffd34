import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { realClock } from '../clock.ts';
import { openLog, type Log } from '../daemon/log.ts';
import { inScope } from '../daemon/scope.ts';
import { serve } from '../daemon/serve.ts';
import { realRandom } from '../random.ts';
import { SwitchService, type SwitchServiceOptions } from '../daemon/switch-service.ts';
import { EtherloomError, isForUser } from '../errors.ts';
import { nameProcess, openSyslog } from '../system/daemon.ts';
import { parseMac, type MacAddress } from '../wire/mac.ts';
import { isInBackground, startInBackground, tellReady } from './daemonize.ts';
import { getopt, type Option } from './getopt.ts';

const options: readonly Option[] = [
  { name: 'help', short: 'h', long: ['help'], argument: false },
  { name: 'version', short: 'v', long: ['version'], argument: false },
  { name: 'numports', short: 'n', long: ['numports'], argument: true },
  { name: 'hub', short: 'x', long: ['hub'], argument: false },
  { name: 'fstp', short: 'F', long: ['fstp'], argument: false },
  { name: 'macaddr', long: ['macaddr'], argument: true },
  { name: 'priority', long: ['priority'], argument: true },
  { name: 'hashsize', long: ['hashsize'], argument: true },
  { name: 'sock', short: 's', long: ['sock', 'vdesock', 'unix'], argument: true },
  { name: 'mode', short: 'm', long: ['mode', 'mod'], argument: true },
  { name: 'dirmode', long: ['dirmode'], argument: true },
  { name: 'group', short: 'g', long: ['group'], argument: true },
  { name: 'daemon', short: 'd', long: ['daemon'], argument: false },
  { name: 'pidfile', short: 'p', long: ['pidfile'], argument: true },
  { name: 'rcfile', short: 'f', long: ['rcfile'], argument: true },
  { name: 'mgmt', short: 'M', long: ['mgmt'], argument: true },
  { name: 'mgmtmode', long: ['mgmtmode'], argument: true },
  { name: 'mgmtgroup', long: ['mgmtgroup'], argument: true },
  { name: 'nostdin', long: ['nostdin'], argument: false },
  { name: 'debugclients', short: 'D', long: ['debugclients'], argument: true },
  { name: 'tap', short: 't', long: ['tap'], argument: true },
];

/** What the original has and this does not yet. Refused, so that no script believes that it got it. */
const missing: ReadonlySet<string> = new Set(['rcfile', 'mgmt']);

const exitUsage = 1;
const exitSocket = 255;

const usage = `usage: vde_switch [options]
A virtual Ethernet switch on a VDE socket directory.
  -s, --sock DIR         the directory (as root /var/run/vde.ctl, else /tmp/vde.ctl)
  -n, --numports N       number of ports (32)
  -x, --hub              a hub: every frame to every port
  -F, --fstp             the fast spanning tree is on
      --macaddr MAC      the switch's own address (a random one, 00:ff:...)
      --priority N       its priority in the spanning tree (0x8000)
  -m, --mode MODE        permissions of the sockets, octal
      --dirmode MODE     permissions of the directory, octal
  -g, --group GROUP      group of the directory and of the sockets
      --mgmtmode MODE    permissions of the sockets of port 0, octal
      --mgmtgroup GROUP  group of the sockets of port 0
  -d, --daemon           go on in the background, once it serves
  -p, --pidfile FILE     write the process id to FILE
  -t, --tap NAME         a port on that tap interface (repeatable)
      --nostdin          do not end when standard input ends
  -h, --help             this text
  -v, --version          the version
Not there yet: -f, -M.
`;

/** `vde_switch`: the switch under its old name, with its old options. Returns the exit code. */
export async function runVdeSwitch(argv: readonly string[], program: string): Promise<number> {
  const parsed = getopt(argv, options);
  for (const mistake of parsed.mistakes) process.stderr.write(`${program}: ${mistake}\n`);
  const given = new Map(parsed.options.map(({ name, value }) => [name, value]));
  if (given.has('version')) {
    process.stdout.write(`VDE 2.3.2\netherloom's vde_switch, under the MIT licence\n`);
    return 0;
  }
  if (given.has('help') || parsed.operands.length > 0) {
    process.stdout.write(usage);
    return exitUsage;
  }
  const absent = parsed.options.find(({ name }) => missing.has(name));
  if (absent) {
    process.stderr.write(`${program}: --${absent.name} is not there yet: leave it out, or use the original vde_switch\n`);
    return exitUsage;
  }
  const macaddr = given.get('macaddr');
  if (macaddr !== undefined && macOf(macaddr) === undefined) {
    process.stderr.write(`${program}: Invalid MAC Addr ${macaddr}\n`);
    process.stdout.write(usage);
    return exitUsage;
  }
  if (given.has('daemon') && !isInBackground()) return startInBackground();
  try {
    const taps = parsed.options.filter(({ name }) => name === 'tap').map(({ value }) => value);
    await serveSwitch(given, taps, (line) => process.stderr.write(`${program}: ${line}\n`));
    return 0;
  } catch (error) {
    if (!isForUser(error)) throw error;
    process.stderr.write(`${program}: ${error.message}\n`);
    return error instanceof EtherloomError && error.code === 'bad-option' ? exitUsage : exitSocket;
  }
}

async function serveSwitch(given: ReadonlyMap<string, string>, taps: readonly string[], complain: (line: string) => void): Promise<void> {
  const serviceOptions = serviceOptionsOf(given);
  const isDaemon = given.has('daemon');
  nameProcess('vde_switch');
  const log: Log = isDaemon ? openSyslog('vde_switch') : openLog('vde_switch');
  await serve(
    ({ signal }) =>
      inScope(async (scope) => {
        scope.use(writePidfile(given.get('pidfile')));
        const service = scope.use(await SwitchService.open(serviceOptions, { clock: realClock, random: realRandom, log }));
        for (const name of taps) await openTap(service, name, complain);
        // Standard input is the console's place; its end is the switch's.
        if (!isDaemon && !given.has('nostdin')) process.stdin.resume().once('end', () => process.kill(process.pid, 'SIGTERM'));
        if (!isDaemon) signal.addEventListener('abort', () => process.stdin.destroy(), { once: true });
        return scope;
      }),
    // Standard output is the console's.
    () => (isDaemon ? tellReady() : process.stderr.write('ready\n')),
  );
}

/** A tap that is not to be had does not keep the original from serving either. */
async function openTap(service: SwitchService, name: string, complain: (line: string) => void): Promise<void> {
  try {
    await service.openPort(`tap://${name}`);
  } catch (error) {
    if (!isForUser(error)) throw error;
    complain(error.message);
    complain(`ERROR OPENING tap interface: ${name}`);
  }
}

function serviceOptionsOf(given: ReadonlyMap<string, string>): SwitchServiceOptions {
  return {
    directory: given.get('sock') ?? (process.geteuid?.() === 0 ? '/var/run/vde.ctl' : '/tmp/vde.ctl'),
    numports: numports(given.get('numports')),
    hub: given.has('hub'),
    fstp: given.has('fstp'),
    ...switchIdentity(given),
    mode: octal(given.get('mode')),
    directoryMode: octal(given.get('dirmode')),
    gid: groupId(given.get('group')),
    managementMode: octal(given.get('mgmtmode')),
    managementGid: groupId(given.get('mgmtgroup')),
  };
}

/** Who the switch is to other bridges, as far as that is said. */
function switchIdentity(given: ReadonlyMap<string, string>): Pick<SwitchServiceOptions, 'mac' | 'priority'> {
  const mac = macOf(given.get('macaddr') ?? '');
  const priority = cInteger(given.get('priority') ?? '');
  return { ...(mac !== undefined && { mac }), ...(priority !== undefined && { priority: priority & 0xffff }) };
}

/** An address with colons or dots between its octets. */
function macOf(text: string): MacAddress | undefined {
  return text.includes('-') ? undefined : parseMac(text);
}

/** The number that C's `%i` reads at the beginning of a text: decimal, 0x hexadecimal, 0 octal. Undefined when there is none. */
function cInteger(text: string): number | undefined {
  const [, sign, digits] = /^\s*([-+]?)(0x[\da-f]+|\d+)/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const number = /^0[0-7]/.test(digits) ? parseInt(digits, 8) : Number(digits);
  return sign === '-' ? -number : number;
}

function numports(text = '32'): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 65_536) return number;
  throw new EtherloomError('bad-option', 'The switch must have at least 1 port, and at most 65536');
}

function octal(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[0-7]{1,5}$/.test(text)) return parseInt(text, 8);
  throw new EtherloomError('bad-option', `${text} is no octal mode: write 660, for example`);
}

/** A group's number, by its name or number in /etc/group. */
function groupId(name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
    const [group, , gid] = line.split(':');
    if (group === name || gid === name) return Number(gid);
  }
  throw new EtherloomError('bad-option', `No such group '${name}'`);
}

function writePidfile(file: string | undefined): Disposable {
  if (file === undefined) return { [Symbol.dispose]: () => undefined };
  // A daemon leaves the directory that it was started in.
  const path = resolve(file);
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const why = exists ? 'File exists' : error instanceof Error ? error.message : String(error);
    throw new EtherloomError('bad-option', `Error in pidfile creation: ${why}`);
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}
