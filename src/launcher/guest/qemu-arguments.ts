import type { MacAddress } from '../../wire/mac.ts';
import { cardArguments, escaped, type Attachment } from './attachment.ts';
import type { GuestArchitecture } from './guest-image.ts';

/** How QEMU runs the guest's instructions: by translation, which works everywhere, or directly on the processor. */
export type Accelerator = 'tcg' | 'kvm';

/** The settings of a guest's QEMU. Paths are absolute. */
export interface GuestSpec {
  /** The name in process lists. */
  readonly name: string;
  readonly architecture: GuestArchitecture;
  readonly accelerator: Accelerator;
  /** The memory in MiB. */
  readonly memory: number;
  readonly kernel: string;
  readonly initrd: string;
  /** The words for the guest's first process, each `name=value`; see guestFiles. */
  readonly words: Readonly<Record<string, string>>;
  readonly mac: MacAddress;
  readonly attachment: Attachment;
  /** The unix socket that is the other end of the guest's console. */
  readonly console: string;
  /** The file to which the guest's console output is appended. */
  readonly consoleLog: string;
  /** The unix socket for QMP. */
  readonly qmp: string;
  /** The file for QEMU's process id. QEMU locks it while it lives, so a second QEMU with the same file ends at once. */
  readonly pidFile: string;
}

/** Returns the arguments of the guest's QEMU, without the program's name. */
export function qemuArguments(spec: GuestSpec): string[] {
  return [
    ['-name', escaped(spec.name)],
    ['-pidfile', spec.pidFile],
    ['-nodefaults', '-no-user-config', '-no-reboot'],
    ['-display', 'none'],
    machineArguments(spec.architecture, spec.accelerator),
    ['-m', String(spec.memory)],
    ['-kernel', spec.kernel],
    ['-initrd', spec.initrd],
    ['-append', kernelCommandLine(spec.architecture, spec.words)],
    ['-chardev', `socket,id=console,path=${escaped(spec.console)},server=on,wait=off,logfile=${escaped(spec.consoleLog)},logappend=on`],
    ['-serial', 'chardev:console'],
    ['-chardev', `socket,id=qmp,path=${escaped(spec.qmp)},server=on,wait=off`],
    ['-mon', 'chardev=qmp,mode=control'],
    cardArguments({ attachment: spec.attachment, mac: spec.mac }),
  ].flat();
}

/** Returns the arguments that select machine, processor and accelerator. */
export function machineArguments(architecture: GuestArchitecture, accelerator: Accelerator): string[] {
  const [machine, translated] = architecture === 'x64' ? ['pc', 'qemu64'] : ['virt', 'cortex-a57'];
  // By default QEMU keeps up to 1 GiB of translated code. This guest is fast with 32 MiB.
  const accel = accelerator === 'tcg' ? 'tcg,tb-size=32' : 'kvm';
  return ['-machine', machine, '-accel', accel, '-cpu', accelerator === 'tcg' ? translated : 'host'];
}

/** Returns the kernel's command line: the console, few messages, an immediate reboot after a panic, and then the words. */
export function kernelCommandLine(architecture: GuestArchitecture, words: Readonly<Record<string, string>>): string {
  const tty = architecture === 'x64' ? 'ttyS0' : 'ttyAMA0';
  // The last three words save a fifth of the boot time: they disable self-tests, and protections that a guest of our own does not need.
  const kernel = [`console=${tty}`, 'quiet', 'loglevel=3', 'panic=-1', 'mitigations=off', 'nokaslr', 'cryptomgr.notests'];
  if (architecture === 'x64') kernel.push('no_timer_check', 'tsc=reliable');
  return [...kernel, ...Object.entries(words).map(([name, value]) => `${name}=${value}`)].join(' ');
}
