import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { searchPath } from './running.ts';

/**
 * A requirement of a scenario: a program; `namespaces` if it makes network namespaces with taps in them, `networks` if it makes some
 * without, `mounts` if it makes mount namespaces, `users` if it makes a user of its own, `registry` if it installs packages, `python3-…` for
 * a package of Debian's Python, `raw-socket` for that package of npm.
 */
export type Need = string;

/**
 * Returns why a scenario with these needs cannot run here; undefined when it can. In CI everything is there, except for rights that an
 * ordinary user lacks: whatever else is missing is an error.
 */
export function missing(needs: readonly Need[]): string | undefined {
  const absent = needs.filter((need) => !isThere(need));
  if (absent.length === 0) return undefined;
  const reason = `this machine has no ${absent.map((need) => (need === 'namespaces' ? noNamespaces : need)).join(', ')}`;
  const mayLack = isRootsAlone && absent.every((need) => need === 'namespaces');
  if (process.env['CI'] !== undefined && !mayLack) throw new Error(`${reason}, and CI must have it`);
  return reason;
}

function isThere(need: Need): boolean {
  if (need === 'namespaces') return namespaceFlags() !== undefined;
  if (need === 'networks') return networkFlags() !== undefined;
  if (need === 'mounts') return mountFlags() !== undefined;
  if (need === 'users') return mayBeBareUser();
  if (need === 'raw-socket') return hasRawSocket();
  if (need.startsWith('python3-')) return spawnSync(debianPython, ['-c', `import ${need.slice('python3-'.length)}`]).status === 0;
  return need === 'registry' ? hasRegistry() : hasProgram(need);
}

function hasRawSocket(): boolean {
  return spawnSync(process.execPath, ['-e', 'require("raw-socket")'], { cwd: import.meta.dirname }).status === 0;
}

function hasRegistry(): boolean {
  registry ??= spawnSync('npm', ['view', 'vitest', 'version', '--fetch-retries=0', '--fetch-timeout=10000']).status === 0;
  return registry;
}

/** Returns the flags of `unshare` that give namespaces in which this user may make taps; undefined when none do. */
export function namespaceFlags(): string | undefined {
  flags ??= ['-Urnm', '-nm'].find((candidate) => mayMakeTap(candidate)) ?? '';
  return flags === '' ? undefined : flags;
}

/** Returns the flags of `unshare` that give namespaces in which this user may make cables, and mount; undefined when none do. */
export function networkFlags(): string | undefined {
  networks ??= ['-Urnm', '-nm'].find((candidate) => mayDo(candidate, 'ip link add probe type veth && mount -t tmpfs none /mnt')) ?? '';
  return networks === '' ? undefined : networks;
}

/** Returns the flags of `unshare` that give a mount namespace in which this user may mount; undefined when none do. */
export function mountFlags(): string | undefined {
  mounts ??= ['-Urm', '-m'].find((candidate) => mayDo(candidate, 'mount -t tmpfs none /mnt')) ?? '';
  return mounts === '' ? undefined : mounts;
}

/** Debian's Python, which has Debian's packages. */
export const debianPython = '/usr/bin/python3';

/** QEMU for this machine's guests, and what makes their image. */
export const guestNeeds: readonly Need[] = [process.arch === 'x64' ? 'qemu-system-x86_64' : 'qemu-system-aarch64', 'apt-get', 'dpkg-deb'];

/**
 * Returns the words that run a command as a user as containers have them: with a uid without a line in /etc/passwd, and no environment
 * but `env`.
 */
export function asBareUser(env: readonly string[] = []): readonly string[] {
  return ['unshare', '--user', '--map-user=12345', '--map-group=12345', 'env', '-i', `PATH=${searchPath}`, ...env];
}

function mayBeBareUser(): boolean {
  return spawnSync('env', [...asBareUser(), 'id', '-u'], { encoding: 'utf8' }).stdout === '12345\n';
}

const noNamespaces = 'namespaces with taps for this user (unshare, nsenter, ip, /dev/net/tun)';

/** Whether this user may not open what makes taps. */
const isRootsAlone = process.geteuid?.() !== 0 && !mayOpen('/dev/net/tun');

let flags: string | undefined;
let networks: string | undefined;
let mounts: string | undefined;
let registry: boolean | undefined;

function mayMakeTap(candidate: string): boolean {
  return mayDo(candidate, 'ip tuntap add probe mode tap && mount -t tmpfs none /mnt');
}

function mayDo(flags: string, probe: string): boolean {
  const options = { env: { ...process.env, PATH: searchPath } };
  return hasProgram('nsenter') && spawnSync('unshare', [flags, 'sh', '-c', probe], options).status === 0;
}

function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function hasProgram(program: string): boolean {
  const places = program.startsWith('/') ? [''] : searchPath.split(':');
  return places.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
