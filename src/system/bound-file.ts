/**
 * Sets the owner and mode of a bound socket's file. In a directory that others may write to, the file could be replaced under its name at
 * any time. So the file is opened, and changed only if the kernel confirms that it is the socket's.
 */
import { chmodSync, closeSync, fstatSync, openSync, readFileSync, readlinkSync, rmSync, constants as fsConstants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EtherloomError, errnoOf, SystemError } from '../errors.ts';
import { groupName } from './accounts.ts';
import { lastErrno, libc } from './libc.ts';
import { inspectUnixSocket } from './sock-diag.ts';
import { checkSocketName, isUnixPath } from './socket-path.ts';
import type { UnixDiag } from './unix-diag.ts';

const AT_EMPTY_PATH = 0x1000;
const O_PATH = 0o10000000;
const unchangedId = 0xffffffff;
const othersMayWrite = 0o022;

/** A file, with its intended owner and mode. */
export interface OwnedFile {
  readonly path: string;
  /** The open directory in which it is created. Default: the one in its path. */
  readonly directory?: number | undefined;
  /** Permission bits. The umask does not reduce them. */
  readonly mode: number;
  /** The new owner, which requires CAP_CHOWN. Undefined leaves the owner unchanged. */
  readonly uid?: number | undefined;
  /** The new group: one of this user's, unless the process has CAP_CHOWN. Undefined leaves the group unchanged. */
  readonly gid?: number | undefined;
}

/** Opens a file of any kind without access to its content; a symbolic link is not followed. Throws Node's error. */
export function openInode(path: string): number {
  return openSync(path, O_PATH | fsConstants.O_NOFOLLOW);
}

/** Changes owner and mode of an open file, which `openInode` may have opened. Throws a SystemError that names `file.path`. */
export function changeInode(inode: number, { path, mode, uid, gid }: OwnedFile): void {
  if (libc.fchownat(inode, '', uid ?? unchangedId, gid ?? unchangedId, AT_EMPTY_PATH) !== 0) throw cannotGive(lastErrno(), path, uid, gid);
  try {
    chmodSync(`/proc/self/fd/${inode}`, mode);
  } catch (error) {
    throw new SystemError(errnoOf(error) ?? 'EIO', `cannot set the mode of ${path}`);
  }
}

/** The directory of a socket that is about to be bound. It is kept open, so that a change of its name does no harm. */
export class HeldDirectory implements Disposable {
  /**
   * The name for binding the socket: the real absolute path of its file, or, if that is too long, a path through this directory's
   * descriptor.
   */
  readonly socketName: string;
  readonly #fd: number;
  readonly #path: string;
  #canInspect = false;

  /** Throws `path-too-long`, or a SystemError if the directory of the socket's file cannot be opened. */
  constructor({ path, directory }: OwnedFile) {
    this.#path = dirname(path);
    try {
      const name = directory === undefined ? this.#path : `/proc/self/fd/${directory}`;
      this.#fd = openSync(name, O_PATH | fsConstants.O_DIRECTORY);
    } catch (error) {
      throw new SystemError(errnoOf(error) ?? 'EIO', `cannot open the directory ${this.#path}`);
    }
    try {
      this.socketName = this.#nameOf(path);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Throws `not-permitted` if `give` could not determine later which file `socket` is bound to. */
  checkProvable(socket: number, path: string): void {
    this.#canInspect = inspectUnixSocket(inodeOf(socket)) !== undefined;
    if (this.#canInspect || this.#isOurs()) return;
    throw new EtherloomError(
      'not-permitted',
      `cannot set the owner of ${path}: others may write to ${this.#path}, and this process may not ask the kernel which file a socket` +
        ' is bound to (netlink sock_diag); allow AF_NETLINK sockets, or use a directory that only its owner may write to',
    );
  }

  /**
   * Sets the owner and then the mode of the file to which `socket` was bound here. Throws `not-permitted` if another file now has its name.
   */
  give(socket: number, file: OwnedFile): void {
    const name = this.#through(file.path);
    const inode = this.#open(name, file.path);
    try {
      if (this.#canInspect && !isBoundTo(socket, inode)) throw replaced(file.path);
      changeOrRemove(inode, name, file);
    } finally {
      closeSync(inode);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #nameOf(path: string): string {
    const real = realPathOf(this.#fd);
    const name = real === undefined ? undefined : join(real, basename(path));
    if (name !== undefined && isUnixPath(name)) return name;
    checkSocketName(basename(path), this.#path);
    return this.#through(path);
  }

  #through(path: string): string {
    return `/proc/self/fd/${this.#fd}/${basename(path)}`;
  }

  #open(name: string, path: string): number {
    try {
      return openInode(name);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw replaced(path);
      throw error;
    }
  }

  /** Returns whether only this user and root can change names in this directory. */
  #isOurs(): boolean {
    const { uid, mode } = fstatSync(this.#fd);
    return (uid === process.geteuid?.() || uid === 0) && (mode & othersMayWrite) === 0;
  }
}

/** Returns the real absolute path of an open directory; undefined if the path is too long for the kernel to report. */
function realPathOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

function changeOrRemove(inode: number, name: string, file: OwnedFile): void {
  try {
    changeInode(inode, file);
  } catch (error) {
    rmSync(name, { force: true });
    throw error;
  }
}

function isBoundTo(socket: number, inode: number): boolean {
  const { file } = inspectUnixSocket(inodeOf(socket)) ?? {};
  return file !== undefined && fstatSync(inode).isSocket() && isSameFile(file, inode);
}

/**
 * Compares the kernel's own numbers. On btrfs, where each subvolume has its own device, and on overlays, `stat` reports a different device.
 * There, the device of the mount is used.
 */
function isSameFile(file: NonNullable<UnixDiag['file']>, inode: number): boolean {
  const { dev, ino } = fstatSync(inode, { bigint: true });
  const info = readFileSync(`/proc/self/fdinfo/${inode}`, 'utf8');
  // Kernels before 5.14 do not report the inode number there.
  const number = BigInt(/^ino:\s*(\d+)$/m.exec(info)?.[1] ?? ino);
  if (Number(BigInt.asUintN(32, number)) !== file.inode) return false;
  return kernelDevice(dev) === file.device || deviceOfMount(/^mnt_id:\s*(\d+)$/m.exec(info)?.[1]) === file.device;
}

/** Converts the C library's number of a device to the kernel's: 12 bits of major number, 20 of minor. */
function kernelDevice(device: bigint): number {
  const major = Number((device >> 8n) & 0xfffn);
  const minor = Number((device & 0xffn) | ((device >> 12n) & 0xfff00n));
  return ((major << 20) | minor) >>> 0;
}

/** Returns the device of a mount. Its line in the list of mounts is `MOUNT PARENT MAJOR:MINOR …`. [proc_pid_mountinfo(5)] */
function deviceOfMount(mount: string | undefined): number | undefined {
  const line = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${mount} `));
  const [, major, minor] = /^\d+ \d+ (\d+):(\d+) /.exec(line ?? '') ?? [];
  return major === undefined ? undefined : ((Number(major) << 20) | Number(minor)) >>> 0;
}

function inodeOf(socket: number): number {
  return fstatSync(socket).ino;
}

function replaced(path: string): EtherloomError {
  return new EtherloomError(
    'not-permitted',
    `${path} was replaced by another file while it was being created: another user changes names in ${dirname(path)}; choose a` +
      ' directory that only users you trust may write to',
  );
}

function cannotGive(errno: string, path: string, uid: number | undefined, gid: number | undefined): SystemError {
  const receivers = [...(uid === undefined ? [] : [`uid ${uid}`]), ...(gid === undefined ? [] : [`group ${groupName(gid) ?? gid}`])];
  if (receivers.length === 0) return new SystemError(errno, `cannot set the mode of ${path}`);
  return new SystemError(errno, `cannot give ${path} to ${receivers.join(' and ')}`, remedyFor(errno, uid));
}

function remedyFor(errno: string, uid: number | undefined): string | undefined {
  if (errno === 'EINVAL') return 'it has no number in this user namespace; map it there, or run outside of the namespace';
  if (errno !== 'EPERM') return undefined;
  return uid === undefined
    ? 'choose a group that this user is in (`id` lists them), or run with CAP_CHOWN'
    : 'a switch that root runs makes its clients the owners of their sockets; run it with CAP_CHOWN, or as that user';
}
