/**
 * libslirp as a program: Debian's `vde_plug` with the plug-in of libvdeplug-slirp. Its standard input and output are the stream of
 * frames, and it ends with its input.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { EtherloomError, reasonOf } from '../../errors.ts';
import { asCalled } from '../../system/caller.ts';

/** The packages to install, as the messages name them. */
const packages = 'install vdeplug and libvdeplug-slirp (apt install vdeplug libvdeplug-slirp)';

/** The first octets of every compiled program. [elf(5)] */
const elfMagic = '\x7fELF';

/** How much of the end of a program's error output is kept, in characters. */
const mostComplaint = 500;

/**
 * Returns the path of the original `vde_plug`, by default on the PATH or in /usr/bin. Our own `vde_plug` is a script, as a wrapper around
 * it would be: only a compiled program is accepted, so that it never starts itself. Throws EtherloomError('missing-peer').
 */
export function findSlirpProgram(directories: readonly string[] = usualDirectories()): string {
  const found = directories.map((directory) => join(directory, 'vde_plug')).find(isCompiled);
  if (found !== undefined) return found;
  throw new EtherloomError('missing-peer', `cannot start libslirp: vde_plug of the package vdeplug is not installed; ${packages}`);
}

/**
 * Runs the program once with an empty input, after which it ends. Throws EtherloomError: `missing-peer` if it lacks the plug-in for
 * `slirp://`, `bad-address` with its own words if it rejects the address.
 */
export async function checkSlirp(program: string, address: string): Promise<void> {
  const complaints = new Complaints();
  const child = spawn(...asCalled(program, [address]), { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.setEncoding('utf8').on('data', complaints.add);
  let status: number | null;
  try {
    [status] = (await once(child, 'close')) as [number | null];
  } catch (error) {
    throw new EtherloomError('missing-peer', `cannot start libslirp by ${program}: ${reasonOf(error)}; ${packages}`);
  }
  // It may crash when it ends so soon, since it does not wait for its threads. By then it has accepted the address.
  if (status === 0 || status === null) return;
  if (complaints.text.includes('Protocol not supported')) {
    throw new EtherloomError('missing-peer', `cannot start libslirp: ${program} has no plug-in for slirp://; ${packages}`);
  }
  const words = complaints.text === '' ? `exit status ${status}` : complaints.text;
  throw new EtherloomError(
    'bad-address',
    `${program} refuses ${address}: ${words}; see man libvdeplug_slirp for its options, and write a slash within one as \\/`,
  );
}

function usualDirectories(): string[] {
  const path = (process.env['PATH'] ?? '').split(':');
  return [...path.filter((directory) => directory.startsWith('/')), '/usr/bin'];
}

/** The error output of a program: its last lines, as one. */
export class Complaints {
  #text = '';

  readonly add = (text: string): void => {
    this.#text = (this.#text + text).slice(-mostComplaint);
  };

  get text(): string {
    return this.#text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('; ');
  }
}

function isCompiled(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    const fd = openSync(path, 'r');
    try {
      const start = Buffer.alloc(elfMagic.length);
      return readSync(fd, start) === start.length && start.toString('latin1') === elfMagic;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}
