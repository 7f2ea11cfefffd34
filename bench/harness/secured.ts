import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Place } from '../load/spec.ts';
import type { SecuredSpec } from '../secured/spec.ts';
import { descendantsOf, freePort, listens, until } from './chain.ts';
import { Namespace } from './namespace.ts';
import { searchPath, type Running } from './running.ts';
import { startSwitch } from './switches.ts';
import type { Workplace } from './workplace.ts';

/** Two joined switches, or their equals, with a station at each. */
export interface Secured {
  readonly stations: readonly Place[];
  /** The switches, and all between them. */
  readonly processes: readonly number[];
  /** Where the load runs. Default: here. */
  readonly namespace?: Namespace;
}

const host = '127.0.0.1';
const names = ['near', 'far'] as const;
const [near, far] = names;

/** Joins two of our switches, each a process, by a link of the star. */
export async function startLink(way: SecuredSpec['way'], workplace: Workplace): Promise<Secured> {
  const stations = names.map((name) => ({ directory: workplace.path(name) }));
  return { stations, processes: await startNodes(way, stations, (command) => workplace.start(command)) };
}

/** The same in a namespace, with a card at each end. */
export async function startLinkOfCards(workplace: Workplace): Promise<Secured> {
  const namespace = await Namespace.open(workplace);
  const places = names.map((name) => ({ directory: workplace.path(name), tap: name }));
  const processes = await startNodes('secured', places, (command) => namespace.start(command));
  cardsUp(namespace);
  return { stations: names.map((card) => ({ card })), processes, namespace };
}

type Start = (command: readonly string[]) => Running;

async function startNodes(way: SecuredSpec['way'], places: readonly Omit<SecuredSpec, 'way'>[], start: Start): Promise<number[]> {
  const program = fileURLToPath(new URL('../secured/main.js', import.meta.url));
  const node = (spec: object): Running => start([process.execPath, program, JSON.stringify({ way, ...spec })]);
  const listening = node({ ...places[0] });
  const [, address, pin] = await listening.line(/^at (\S+) (\S+)$/);
  const dialling = node({ ...places[1], address, pin });
  await dialling.line(/^linked$/);
  return [listening.pid, dialling.pid];
}

/** How long tinc takes to find that it may send long frames by UDP, in milliseconds. */
const tincSettles = 8000;

/** Joins two nodes of tinc in a namespace: each has a card, and both together are a switch. All else is as by default. */
export async function startTinc(workplace: Workplace): Promise<Secured> {
  const namespace = await Namespace.open(workplace);
  const directories = names.map((name, i) => tincFiles(workplace.path(`tinc-${name}`), name, 7401 + i));
  for (const [i, name] of names.entries())
    copyFileSync(join(directories[i] ?? '', 'hosts', name), join(directories[1 - i] ?? '', 'hosts', name));
  appendFileSync(join(directories[1] ?? '', 'tinc.conf'), `ConnectTo = ${near}\n`);
  const nodes = directories.map((directory) => namespace.start(['tincd', '-c', directory, '-D', '-d1', `--pidfile=${directory}/pid`]));
  await Promise.all(nodes.map((node) => node.line(/activated$/)));
  cardsUp(namespace);
  await delay(tincSettles);
  return { stations: names.map((card) => ({ card })), processes: nodes.map(({ pid }) => pid), namespace };
}

/** Writes the files of one node, with a new key, and returns their directory. */
function tincFiles(directory: string, name: string, port: number): string {
  mkdirSync(join(directory, 'hosts'), { recursive: true });
  const settings = ['Mode = switch', 'DeviceType = tap', `Interface = ${name}`, `BindToAddress = ${host} ${port}`];
  writeFileSync(join(directory, 'tinc.conf'), [`Name = ${name}`, ...settings, ''].join('\n'));
  writeFileSync(join(directory, 'hosts', name), `Address = ${host} ${port}\nPort = ${port}\n`);
  run(['tincd', '-c', directory, '-K2048']);
  return directory;
}

/** Joins two of the originals as over a foreign network: `dpipe vde_plug NEAR = ssh HOST vde_plug FAR`, by an sshd of its own. */
export async function startSsh(workplace: Workplace): Promise<Secured> {
  const switches = [await startSwitch('peer', workplace, { name: near }), await startSwitch('peer', workplace, { name: far })];
  const [nearDirectory = '', farDirectory = ''] = switches.map(({ directory }) => directory);
  const port = await freePort();
  const [hostKey, key, settings] = ['host-key', 'key', 'sshd'].map((name) => workplace.path(name)) as [string, string, string];
  for (const file of [hostKey, key]) run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file]);
  const lines = [
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
    `AuthorizedKeysFile ${key}.pub`,
    `HostKey ${hostKey}`,
    'PermitRootLogin yes',
  ];
  writeFileSync(settings, [`ListenAddress ${host}:${port}`, ...lines, ''].join('\n'));
  // Of the whole machine, for an sshd of root.
  if (process.getuid?.() === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 });
  const server = workplace.start([sshd, '-D', '-e', '-f', settings]);
  await until('sshd listens', server, () => listens(port));
  const trust = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'].flatMap((option) => [
    '-o',
    option,
  ]);
  const ssh = ['ssh', '-F', '/dev/null', '-p', String(port), '-i', key, ...trust, `${userInfo().username}@${host}`];
  const joint = workplace.start(['dpipe', 'vde_plug', nearDirectory, '=', ...ssh, 'vde_plug', farDirectory], { group: true });
  const plugs = (): number[] => [joint, server].flatMap(({ pid }) => [pid, ...descendantsOf(pid)]);
  await until('both plugs are in', joint, () => plugs().filter((pid) => nameOf(pid) === 'vde_plug').length === 2);
  return {
    stations: switches.map(({ directory }) => ({ directory })),
    processes: [...switches.map(({ process: { pid } }) => pid), ...plugs()],
  };
}

/** It must be started by its whole path. */
const sshd =
  searchPath
    .split(':')
    .map((directory) => join(directory, 'sshd'))
    .find((path) => existsSync(path)) ?? 'sshd';

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

function cardsUp(namespace: Namespace): void {
  for (const card of names) namespace.run('ip', 'link', 'set', card, 'mtu', '1500', 'up');
}

function run([program = '', ...args]: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, PATH: searchPath } });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
}
