import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where the files of a Debian package are, or the reason why they are not here. */
export type Unpacked = { readonly place: string; readonly libraries: string } | string;

/**
 * Fetches a Debian package, with those that it needs and that are not installed, and unpacks them in `bench/build`, once. So no package is
 * installed, and no unwanted server is started. `libraries` is a value of LD_LIBRARY_PATH.
 */
export function unpackedPackage(name: string): Unpacked {
  // Benchmarks run in the root of the project.
  const place = resolve('bench/build/peers', name);
  const reason = existsSync(place) ? undefined : unpack(name, place);
  if (reason !== undefined) return reason;
  const lib = join(place, 'usr/lib');
  const libraries = readdirSync(lib).map((directory) => join(lib, directory)); // by architecture
  return { place, libraries: libraries.join(':') };
}

/** Returns the reason when that fails. */
function unpack(name: string, place: string): string | undefined {
  const packages = run('apt-get', ['install', '-s', '--no-install-recommends', name]);
  if (packages.failure !== undefined) return packages.failure;
  const fetched = `${place}.deb`;
  rmSync(fetched, { recursive: true, force: true });
  mkdirSync(join(fetched, 'root'), { recursive: true });
  const names = Array.from(packages.output.matchAll(/^Inst (\S+)/gm), ([, inst]) => inst ?? '');
  const { failure } = run('apt-get', ['download', ...names], fetched);
  if (failure !== undefined) return failure;
  for (const file of readdirSync(fetched).filter((one) => one.endsWith('.deb'))) {
    const extracted = run('dpkg', ['-x', file, 'root'], fetched);
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
