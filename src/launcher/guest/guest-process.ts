import { createHash } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, closeSync, openSync, statSync, truncateSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ownDirectory } from '../../daemon/directories.ts';
import { EtherloomError } from '../../errors.ts';
import { formatMac, type MacAddress } from '../../wire/mac.ts';
import { isUnixPath, maxUnixPath } from '../../system/socket-path.ts';
import {
  attachmentAt,
  carriesMtu,
  chooseAttachment,
  describeAttachment,
  socketsLeftBy,
  streamRedial,
  type Attachment,
  type CardPlaces,
} from './attachment.ts';
import type { Progress } from './debian-package.ts';
import { readGuestImage, type GuestImage } from './guest-image.ts';
import { guestFilesIn, readGuestRecord, removeGuestTraces, writeGuestRecord, type GuestFiles, type GuestRecord } from './guest-record.ts';
import { findProcess, identifyProcess, isAlive, type ProcessIdentity } from './process-identity.ts';
import { qemuArguments, type Accelerator } from './qemu-arguments.ts';
import { OpenDirectories } from './open-directories.ts';
import { chooseAccelerator, probeQemu } from './qemu-probe.ts';
import { lastLinesOf, startQemu, stopQemu } from './qemu-process.ts';
import { Qmp, type QmpEvent } from './qmp.ts';

/** The settings of a guest. */
export interface GuestOptions extends CardPlaces {
  readonly id: number;
  readonly mac: MacAddress;
  /** The directory that `etherloom guest build` filled. */
  readonly image: string;
  /** The guest's own directory. It is created if needed; its mode becomes 0700. */
  readonly state: string;
  /** How its card is attached. Default: the best way that QEMU has. */
  readonly attach?: Attachment['kind'] | undefined;
  /** The MTU of its network, in octets. */
  readonly mtu: number;
  /** The guest asks for an address (`client`, the default), serves addresses (`server`), or does neither (`none`). */
  readonly mode?: 'client' | 'server' | 'none' | undefined;
  /** Further words for the guest's first process: see guestFiles. */
  readonly extraWords?: Readonly<Record<string, string>> | undefined;
  /** The QEMU program. Default: the one in PATH. */
  readonly qemu?: string | undefined;
  /** Default: `kvm` if a test shows that it works, otherwise `tcg`. */
  readonly accel?: Accelerator | 'auto' | undefined;
  /** The memory in MiB. Default: 96. */
  readonly memory?: number | undefined;
  /**
   * Takes the lock on a path, or throws EtherloomError('busy'). The lock must be released when the process dies, and child processes must
   * not inherit it.
   */
  readonly lock: (path: string) => Disposable;
}

/** A running QEMU. */
export interface RunningQemu {
  readonly record: GuestRecord;
  readonly qmp: Qmp;
  /** The child process; undefined if an earlier process started it. */
  readonly child: ChildProcess | undefined;
}

/**
 * Restricts the guest's directory to the user, and returns its files. Throws EtherloomError('not-permitted') if it belongs to another user.
 */
export function prepareGuestDirectory(state: string): GuestFiles {
  chmodSync(ownDirectory(state, '--state'), 0o700);
  return guestFilesIn(state);
}

/**
 * Takes over the QEMU that runs in this directory, if it was started with these options. Otherwise ends any QEMU there, removes its files,
 * and returns undefined.
 */
export async function adoptQemu(
  options: GuestOptions,
  files: GuestFiles,
  onEvent: (event: QmpEvent) => void,
  { signal, log }: Progress,
): Promise<RunningQemu | undefined> {
  const image = await guestImageIn(options.image);
  const record = readGuestRecord(files.record);
  if (record === undefined || !isAlive(record)) {
    await clearGuest(files);
    return undefined;
  }
  const reason = unfitness(record, options, image);
  if (reason === undefined) {
    try {
      return { record, qmp: await Qmp.open(files.qmp, { signal, timeout: 5000, onEvent }), child: undefined };
    } catch (error) {
      signal?.throwIfAborted();
      log(`guest ${options.id}: QEMU (process ${record.pid}) does not answer: ${String(error)}`);
    }
  } else log(`guest ${options.id}: its QEMU (process ${record.pid}) is restarted: ${reason}`);
  await clearGuest(files);
  return undefined;
}

/** Starts QEMU in a directory where none runs. Resolves when QEMU answers; the guest is then booting. */
export async function startGuestQemu(
  options: GuestOptions,
  files: GuestFiles,
  onEvent: (event: QmpEvent) => void,
  progress: Progress,
): Promise<RunningQemu> {
  const image = await guestImageIn(options.image);
  const qemu = await probeQemu(image.architecture, options.qemu, progress.signal);
  const attachment = attachmentAt(chooseAttachment(qemu, options.mtu, options.attach), options, streamRedial(qemu.version) ?? '');
  progress.log(`guest ${options.id}: QEMU ${qemu.version}, ${describeAttachment(attachment.kind)}`);
  const accelerator = await chooseAccelerator(qemu, image, options.accel ?? 'auto', progress);
  using directories = new OpenDirectories();
  const args = qemuArguments({
    name: `etherloom-guest-${options.id}`,
    architecture: image.architecture,
    kernel: image.kernel,
    initrd: image.initrd,
    accelerator,
    attachment: reachable(attachment, directories),
    memory: options.memory ?? defaultMemory,
    mac: options.mac,
    words: wordsOf(options),
    console: directories.nameOf(files.console),
    qmp: directories.nameOf(files.qmp),
    consoleLog: files.consoleLog,
    pidFile: files.pidFile,
  });
  const consoleOffset = prepareConsoleLog(files.consoleLog);
  const { identity, child } = startQemu(qemu.program, args, {
    log: files.qemuLog,
    cwd: resolve(options.state),
    inherited: directories.descriptors,
  });
  const record = {
    ...identity,
    id: options.id,
    mac: formatMac(options.mac),
    attach: attachment.kind,
    specDigest: digestOf(options, image),
    consoleOffset,
    sockets: socketsLeftBy(attachment),
  };
  try {
    await writeGuestRecord(files.record, record);
    return { record, qmp: await connectQmp(record, files, onEvent, progress.signal), child };
  } catch (error) {
    // Ends any QEMU in the directory. This one may have ended because another QEMU holds the pid file.
    await clearGuest(files);
    progress.signal?.throwIfAborted();
    throw error;
  }
}

/** Ends any QEMU that runs in this directory, and removes its files. Returns true if one ran. The caller must hold the directory's lock. */
export async function clearGuest(files: GuestFiles): Promise<boolean> {
  const record = readGuestRecord(files.record);
  const running = record !== undefined && isAlive(record) ? record : unrecorded(files);
  if (running !== undefined) await stopQemu(running, files.qmp);
  removeGuestTraces(files, record?.sockets ?? []);
  return running !== undefined;
}

const defaultMemory = 96;

/** The least memory of a guest, in MiB. Debian's cloud kernel 6.1 boots with 72 and panics with 68. */
const leastMemory = 80;

/** Throws EtherloomError('bad-option') if a guest cannot boot with this memory, in MiB. */
export function checkMemory(memory = defaultMemory): void {
  if (memory >= leastMemory) return;
  throw new EtherloomError('bad-option', `--memory ${memory} is too little for the guest to boot; give it at least ${leastMemory} MiB`);
}

// Finds a QEMU whose launcher was killed before it wrote the record. Looks for QEMU's arguments, since the pid file may not exist yet
// either.
function unrecorded(files: GuestFiles): ProcessIdentity | undefined {
  const pid = findProcess(['-pidfile', files.pidFile]);
  return pid === undefined ? undefined : identifyProcess(pid);
}

function unfitness(record: GuestRecord, options: GuestOptions, image: GuestImage): string | undefined {
  if (record.specDigest !== digestOf(options, image)) return 'it was started with other options';
  if (!carriesMtu(record.attach, options.mtu)) return `its card (${record.attach}) cannot have an MTU of ${options.mtu}`;
  if (record.attach === 'vde') return 'its card does not reconnect to a restarted switch (vde)';
  return undefined;
}

/** Returns the image in a directory. Throws EtherloomError('bad-option') if it is missing or of another version. */
export async function guestImageIn(directory: string): Promise<GuestImage> {
  const image = await readGuestImage(directory);
  if (image !== undefined) return image;
  throw new EtherloomError(
    'bad-option',
    `${directory} has no guest image of this version; build it with: etherloom guest build ${directory}`,
  );
}

// The digest covers the requested settings, not the results of a probe, so that a guest can be taken over without a probe.
function digestOf(options: GuestOptions, image: GuestImage): string {
  const { id, mac, attach, vdeDirectory, nic, qemu, accel, memory } = options;
  const asked = [id, mac, attach, vdeDirectory, nic.local, nic.remote, wordsOf(options), qemu, accel, memory, image.version];
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 16);
}

function wordsOf({ mode = 'client', extraWords = {} }: GuestOptions): Record<string, string> {
  const words = { g_mode: mode, ...extraWords };
  for (const [name, value] of Object.entries(words)) {
    if (!/^\w+$/.test(name) || /[\s"]/.test(value))
      throw new EtherloomError('bad-option', `${name}=${value} cannot be part of a kernel's command line; use no blanks or quotes`);
  }
  return words;
}

/** Returns the attachment with paths that are short enough for socket names. */
function reachable(attachment: Attachment, directories: OpenDirectories): Attachment {
  if (attachment.kind === 'vde') {
    refuseLongDirectory(attachment.directory);
    return attachment;
  }
  if (attachment.kind !== 'dgram') return { ...attachment, path: directories.nameOf(attachment.path) };
  return { ...attachment, local: directories.nameOf(attachment.local), remote: directories.nameOf(attachment.remote) };
}

/** Throws if the directory's path is too long. A shorter name would not help, since QEMU's libvdeplug uses the real path. */
function refuseLongDirectory(directory: string): void {
  const control = join(directory, 'ctl');
  if (isUnixPath(control)) return;
  throw new EtherloomError(
    'path-too-long',
    `QEMU cannot connect to ${control} with -netdev vde: it has ${Buffer.byteLength(control)} octets, and a unix socket's path holds` +
      ` ${maxUnixPath}; choose a shorter --sock, or another attachment than vde`,
  );
}

// Prepares the console log, and returns the offset at which the new guest's output will begin.
function prepareConsoleLog(path: string): number {
  closeSync(openSync(path, 'a', 0o600));
  const { size } = statSync(path);
  if (size <= maxConsoleLog) return size;
  truncateSync(path, 0);
  return 0;
}

/** The size in octets above which a console log is emptied. */
export const maxConsoleLog = 1024 * 1024;

async function connectQmp(
  record: GuestRecord,
  files: GuestFiles,
  onEvent: (event: QmpEvent) => void,
  signal: AbortSignal | undefined,
): Promise<Qmp> {
  for (let waited = 0; waited < 20_000; waited += 20) {
    if (!isAlive(record)) {
      const said = lastLinesOf(files.qemuLog).join(' ');
      throw new EtherloomError('refused', `QEMU ended at once: ${said || `it gave no reason; see ${files.consoleLog}`}`);
    }
    try {
      return await Qmp.open(files.qmp, { signal, onEvent });
    } catch (error) {
      if (!(error instanceof EtherloomError) || error.code !== 'refused') throw error;
    }
    await delay(20, undefined, { signal });
  }
  throw new EtherloomError('timed-out', `QEMU (process ${record.pid}) opened no QMP socket; look at its log`);
}
