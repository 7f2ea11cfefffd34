import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { EtherloomError } from '../../errors.ts';
import { asCalled } from '../../system/caller.ts';
import type { Progress } from './debian-package.ts';
import type { GuestArchitecture } from './guest-image.ts';
import { runCommand } from './run-command.ts';

/** Returns a command to paste that installs QEMU on Debian. */
export function qemuInstallLine(architecture: GuestArchitecture): string {
  return `sudo apt-get install -y --no-install-recommends ${packageOf[architecture]}`;
}

/**
 * Installs QEMU as a package of the system, as root or by `sudo -n`. Throws EtherloomError: `not-permitted` if this user is not root and
 * cannot become root without a password, `missing-peer` without apt-get, `refused` with apt's messages. Throws the signal's reason when
 * aborted, but only after apt has ended.
 */
export async function installQemu(architecture: GuestArchitecture, { signal, log }: Progress): Promise<void> {
  const prefix = await rootPrefix(signal);
  // Old package lists may name packages that no longer exist.
  await apt([...prefix, ...command, 'update'], { signal, log });
  const install = [
    ...prefix,
    ...command,
    '-o',
    'DPkg::Lock::Timeout=60',
    'install',
    '-y',
    '--no-install-recommends',
    packageOf[architecture],
  ];
  await apt([...install, '--download-only'], { signal, log });
  // This step ignores the abort signal, since a partly unpacked package is worse than a delay.
  await apt(install, { log });
  signal?.throwIfAborted();
}

const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', 'apt-get', '-q'];

const packageOf = { x64: 'qemu-system-x86', arm64: 'qemu-system-arm' } as const;

async function rootPrefix(signal: AbortSignal | undefined): Promise<readonly string[]> {
  if (process.getuid?.() === 0) return [];
  try {
    const { status } = await runCommand('sudo', ['-n', 'true'], { signal, timeout: 10_000 });
    if (status === 0) return ['sudo', '-n'];
  } catch (error) {
    if (!(error instanceof EtherloomError)) throw error;
  }
  throw new EtherloomError(
    'not-permitted',
    'cannot install packages: this user is not root, and sudo needs a password or is missing; install qemu-system-x86 as root',
  );
}

/** Runs apt-get to its end. When aborted, sends SIGTERM and waits for it. */
async function apt(words: readonly string[], { signal, log }: Progress): Promise<void> {
  signal?.throwIfAborted();
  const said: string[] = [];
  const status = await new Promise<number | undefined>((resolve) => {
    const child = spawn(...asCalled(words[0] ?? 'env', words.slice(1)), { stdio: ['ignore', 'pipe', 'pipe'] });
    const end = (): boolean => child.kill('SIGTERM');
    signal?.addEventListener('abort', end, { once: true });
    createInterface(child.stdout).on('line', (line) => log(`apt-get: ${line.trim()}`));
    createInterface(child.stderr).on('line', (line) => said.push(line));
    // This user may not signal sudo, so it runs to its end.
    child.on('error', () => {
      if (child.pid === undefined) resolve(undefined);
    });
    child.once('close', (code) => {
      signal?.removeEventListener('abort', end);
      resolve(code ?? undefined);
    });
  });
  signal?.throwIfAborted();
  if (status === 0) return;
  if (status === 127)
    throw new EtherloomError('missing-peer', 'cannot install packages: apt-get was not found; install QEMU by other means');
  const errors = said.filter((line) => line.startsWith('E:')).slice(0, 2);
  throw new EtherloomError('refused', `apt-get failed: ${errors.length > 0 ? errors.join(' ') : (said.at(-1) ?? 'it gave no reason')}`);
}
