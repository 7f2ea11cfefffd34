import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { EtherloomError } from '../../errors.ts';
import { asCalled } from '../../system/caller.ts';
import type { Progress } from './debian-package.ts';
import type { GuestArchitecture, GuestImage } from './guest-image.ts';
import type { Qemu } from './qemu.ts';
import { kernelCommandLine, machineArguments, type Accelerator } from './qemu-arguments.ts';
import { runCommand } from './run-command.ts';

/** Probes the given QEMU, by default the one in PATH for that processor. Throws EtherloomError('missing-peer') if it is not installed. */
export async function probeQemu(architecture: GuestArchitecture, program?: string, signal?: AbortSignal): Promise<Qemu> {
  const { name, debianPackage } = qemuOf[architecture];
  const asked = program ?? name;
  try {
    const version = await runCommand(asked, ['--version'], { signal, timeout: 20_000 });
    // Without `-display none`, QEMU reports that it cannot open windows.
    const netdevs = await runCommand(asked, ['-display', 'none', '-netdev', 'help'], { signal, timeout: 20_000 });
    return {
      program: asked,
      version: /version (\S+)/.exec(version.stdout.toString())?.[1] ?? 'unknown',
      netdevs: new Set(netdevs.stdout.toString().split(/\s+/)),
    };
  } catch (error) {
    if (!(error instanceof EtherloomError) || error.code !== 'missing-peer') throw error;
    const advice = `QEMU was not found (${asked}); on Debian: apt-get install --no-install-recommends ${debianPackage}`;
    throw new EtherloomError('missing-peer', advice, { cause: error });
  }
}

/**
 * Returns the accelerator: `tcg` if requested, otherwise `kvm` if a guest boots with it within a few seconds. That /dev/kvm can be opened
 * is not enough, since on some machines the guest then crashes or hangs. The test runs once per process. Throws
 * EtherloomError('not-permitted') if `kvm` is requested and does not work.
 */
export async function chooseAccelerator(
  qemu: Qemu,
  image: GuestImage,
  wish: Accelerator | 'auto',
  { signal, log }: Progress,
): Promise<Accelerator> {
  if (wish === 'tcg') return 'tcg';
  if (kvmWorks === undefined) {
    kvmWorks = await bootsWithKvm(qemu, image, signal);
    log(kvmWorks ? 'KVM works: guests run on the processor' : 'no working KVM: guests run translated, which is slower');
  }
  if (kvmWorks) return 'kvm';
  if (wish === 'kvm')
    throw new EtherloomError('not-permitted', 'a guest does not boot with KVM here; leave --accel out, or use --accel tcg');
  return 'tcg';
}

const qemuOf = {
  x64: { name: 'qemu-system-x86_64', debianPackage: 'qemu-system-x86' },
  arm64: { name: 'qemu-system-aarch64', debianPackage: 'qemu-system-arm' },
} as const;

let kvmWorks: boolean | undefined;

async function bootsWithKvm(qemu: Qemu, image: GuestImage, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return false;
  }
  return saysBoot(qemu, image, signal);
}

async function saysBoot(qemu: Qemu, image: GuestImage, signal: AbortSignal | undefined): Promise<boolean> {
  const args = [
    ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-m', '96', '-serial', 'stdio'],
    machineArguments(image.architecture, 'kvm'),
    ['-kernel', image.kernel, '-initrd', image.initrd],
    ['-append', kernelCommandLine(image.architecture, { g_mode: 'none' })],
  ].flat();
  signal?.throwIfAborted();
  // If KVM fails, QEMU may abort; without the limit, it would leave a core file in the user's directory.
  const [shell, words] = asCalled('sh', ['-c', 'ulimit -c 0; exec "$0" "$@"', qemu.program, ...args]);
  const child = spawn(shell, words, { stdio: ['ignore', 'pipe', 'ignore'], signal, timeout: 4000, killSignal: 'SIGKILL' });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/^BOOT\r?$/m.test(said)) child.kill('SIGKILL');
  });
  await new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  signal?.throwIfAborted();
  return /^BOOT\r?$/m.test(said);
}
