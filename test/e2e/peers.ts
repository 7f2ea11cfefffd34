import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { searchPath } from './running.ts';

/**
 * What a scenario cannot do without: programs, `namespaces` where it makes network namespaces with taps in them, `registry` where it
 * installs packages.
 */
export type Need = string;

/**
 * Why a scenario with these needs cannot run here; undefined when it can. In CI everything is there: whatever is missing is an error.
 */
export function missing(needs: readonly Need[]): string | undefined {
  const absent = needs.filter((need) => !isThere(need));
  if (absent.length === 0) return undefined;
  const reason = `this machine has no ${absent.map((need) => (need === 'namespaces' ? noNamespaces : need)).join(', ')}`;
  if (process.env['CI'] !== undefined) throw new Error(`${reason}, and CI must have it`);
  return reason;
}

function isThere(need: Need): boolean {
  if (need === 'namespaces') return namespaceFlags() !== undefined;
  return need === 'registry' ? hasRegistry() : hasProgram(need);
}

function hasRegistry(): boolean {
  registry ??= spawnSync('npm', ['view', 'vitest', 'version', '--fetch-retries=0', '--fetch-timeout=10000']).status === 0;
  return registry;
}

/** The flags of `unshare` that give namespaces in which this user may make taps; undefined when none do. */
export function namespaceFlags(): string | undefined {
  flags ??= ['-Urnm', '-nm'].find((candidate) => mayMakeTap(candidate)) ?? '';
  return flags === '' ? undefined : flags;
}

/** QEMU for this machine's guests, and what makes their image. */
export const guestNeeds: readonly Need[] = [process.arch === 'x64' ? 'qemu-system-x86_64' : 'qemu-system-aarch64', 'apt-get', 'dpkg-deb'];

const noNamespaces = 'namespaces with taps for this user (unshare, nsenter, ip, /dev/net/tun)';

let flags: string | undefined;
let registry: boolean | undefined;

function mayMakeTap(candidate: string): boolean {
  const probe = 'ip tuntap add probe mode tap && mount -t tmpfs none /mnt';
  const options = { env: { ...process.env, PATH: searchPath } };
  return hasProgram('nsenter') && spawnSync('unshare', [candidate, 'sh', '-c', probe], options).status === 0;
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
