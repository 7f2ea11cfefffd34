import { formatMac, type MacAddress } from '../../wire/mac.ts';
import type { GuestArchitecture } from './guest-image.ts';

/** How QEMU runs the guest's instructions: translated (works everywhere), or on the processor. */
export type Accelerator = 'tcg' | 'kvm';

/** How a guest's network card is plugged in. Paths are absolute. */
export type Attachment =
  /** QEMU dials `path`, and again as `redial` says when the switch is gone. QEMU >= 8.0. */
  | { readonly kind: 'stream'; readonly path: string; readonly redial: string }
  /** QEMU listens at `path`, and takes one switch after the other. It waits for one that does not read, and the guest with it. QEMU >= 7.2. */
  | { readonly kind: 'stream-server'; readonly path: string }
  /** QEMU binds `local` and sends each frame as one datagram to `remote`; either may come, go and come back. QEMU >= 7.2. */
  | { readonly kind: 'dgram'; readonly local: string; readonly remote: string }
  /** QEMU is a client of the VDE switch at `directory`, which must run already; when it goes, the card is dead for good. */
  | { readonly kind: 'vde'; readonly directory: string };

/** All that a guest's QEMU is told. Paths are absolute. */
export interface GuestSpec {
  /** As people see it in a list of processes. */
  readonly name: string;
  readonly architecture: GuestArchitecture;
  readonly accelerator: Accelerator;
  /** MiB. */
  readonly memory: number;
  readonly kernel: string;
  readonly initrd: string;
  /** Words for the guest's first process, `name=value` each; see guestFiles. */
  readonly words: Readonly<Record<string, string>>;
  readonly mac: MacAddress;
  readonly attachment: Attachment;
  /** The unix socket that is the other end of the guest's console. */
  readonly console: string;
  /** The file to which all that the guest says on its console is appended. */
  readonly consoleLog: string;
  /** The unix socket for QMP. */
  readonly qmp: string;
  /** QEMU writes its process id here and keeps the file locked while it lives, so that a second one with the same file ends at once. */
  readonly pidFile: string;
}

/** The arguments for the QEMU of this guest, without the program's own name. */
export function qemuArguments(spec: GuestSpec): string[] {
  return [
    ...['-name', escaped(spec.name)],
    ...['-pidfile', spec.pidFile],
    ...['-nodefaults', '-no-user-config', '-no-reboot'],
    ...['-display', 'none'],
    ...machineArguments(spec.architecture, spec.accelerator),
    ...['-m', String(spec.memory)],
    ...['-kernel', spec.kernel],
    ...['-initrd', spec.initrd],
    ...['-append', kernelCommandLine(spec.architecture, spec.words)],
    ...['-chardev', `socket,id=console,path=${escaped(spec.console)},server=on,wait=off,logfile=${escaped(spec.consoleLog)},logappend=on`],
    ...['-serial', 'chardev:console'],
    ...['-chardev', `socket,id=qmp,path=${escaped(spec.qmp)},server=on,wait=off`],
    ...['-mon', 'chardev=qmp,mode=control'],
    ...['-netdev', netdev(spec.attachment)],
    // Without its boot ROM: 60 KiB less to load, and nothing asks for an address before the guest does.
    ...['-device', `virtio-net-pci,netdev=${cardName},mac=${formatMac(spec.mac)},romfile=`],
  ];
}

/** The arguments that choose machine, processor and accelerator. */
export function machineArguments(architecture: GuestArchitecture, accelerator: Accelerator): string[] {
  const [machine, translated] = architecture === 'x64' ? ['pc', 'qemu64'] : ['virt', 'cortex-a57'];
  // QEMU would keep up to 1 GiB of translated code; this guest is quick with 32 MiB.
  const accel = accelerator === 'tcg' ? 'tcg,tb-size=32' : 'kvm';
  return ['-machine', machine, '-accel', accel, '-cpu', accelerator === 'tcg' ? translated : 'host'];
}

/** The kernel's command line: a console, silence, and an end of the machine when the kernel panics; then the words. */
export function kernelCommandLine(architecture: GuestArchitecture, words: Readonly<Record<string, string>>): string {
  const tty = architecture === 'x64' ? 'ttyS0' : 'ttyAMA0';
  // The second half takes a fifth off the time to boot: no self-tests, and no defences of the guest against itself.
  const kernel = [`console=${tty}`, 'quiet', 'loglevel=3', 'panic=-1', 'mitigations=off', 'nokaslr', 'cryptomgr.notests'];
  if (architecture === 'x64') kernel.push('no_timer_check', 'tsc=reliable');
  return [...kernel, ...Object.entries(words).map(([name, value]) => `${name}=${value}`)].join(' ');
}

/** The card's name within QEMU. */
export const cardName = 'net';

function netdev(attachment: Attachment): string {
  if (attachment.kind === 'vde') return `vde,id=${cardName},sock=${escaped(attachment.directory)}`;
  if (attachment.kind === 'stream')
    return `stream,id=${cardName},server=off,addr.type=unix,addr.path=${escaped(attachment.path)},${attachment.redial}`;
  if (attachment.kind === 'stream-server') return `stream,id=${cardName},server=on,addr.type=unix,addr.path=${escaped(attachment.path)}`;
  const local = `local.type=unix,local.path=${escaped(attachment.local)}`;
  return `dgram,id=${cardName},${local},remote.type=unix,remote.path=${escaped(attachment.remote)}`;
}

// In QEMU's option lists a comma inside a value is written twice.
function escaped(value: string): string {
  return value.replaceAll(',', ',,');
}
