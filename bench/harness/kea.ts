import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { missingPrograms } from './programs.ts';

/** Kea's DHCP server: its program, and where its libraries are looked for besides the usual places. */
export interface Kea {
  readonly program: string;
  readonly libraries: string;
}

/** Benchmarks run in the root of the project. */
const place = resolve('bench/build/peers/kea');

/**
 * Finds Kea: as it is installed, or as its Debian packages are when they are unpacked in `bench/build`. So no package is installed, and no
 * unwanted server is started. Returns the reason if it cannot be found.
 */
export function findKea(): Kea | string {
  if (missingPrograms(['kea-dhcp4']).length === 0) return { program: 'kea-dhcp4', libraries: '' };
  const reason = existsSync(place) ? undefined : unpack();
  if (reason !== undefined) return `this machine has no kea-dhcp4, and it could not be fetched: ${reason}`;
  const lib = join(place, 'usr/lib');
  const libraries = readdirSync(lib).map((name) => join(lib, name)); // by architecture
  return { program: join(place, 'usr/sbin/kea-dhcp4'), libraries: libraries.join(':') };
}

/** Fetches the packages that it is made of and that are not installed. Returns the reason when that fails. */
function unpack(): string | undefined {
  const packages = run('apt-get', ['install', '-s', '--no-install-recommends', 'kea-dhcp4-server']);
  if (packages.failure !== undefined) return packages.failure;
  const fetched = `${place}.deb`;
  rmSync(fetched, { recursive: true, force: true });
  mkdirSync(join(fetched, 'root'), { recursive: true });
  const names = Array.from(packages.output.matchAll(/^Inst (\S+)/gm), ([, name]) => name ?? '');
  const { failure } = run('apt-get', ['download', ...names], fetched);
  if (failure !== undefined) return failure;
  for (const name of readdirSync(fetched).filter((file) => file.endsWith('.deb'))) {
    const extracted = run('dpkg', ['-x', name, 'root'], fetched);
    if (extracted.failure !== undefined) return extracted.failure;
  }
  renameSync(join(fetched, 'root'), place);
  rmSync(fetched, { recursive: true, force: true });
  return undefined;
}

function run(program: string, args: readonly string[], cwd = '.'): { output: string; failure: string | undefined } {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  const failure = status === 0 ? undefined : `${program} ${args[0] ?? ''}: ${error?.message ?? stderr.trim().split('\n').at(-1) ?? ''}`;
  return { output: stdout, failure };
}
