/** AF_UNIX sockets with features that Node lacks: datagrams, the peer's credentials, and socket files with a given mode and owner. */
import { closeSync, fchmodSync, fstatSync } from 'node:fs';
import { SystemError } from '../errors.ts';
import { changeInode, HeldDirectory, openInode, type OwnedFile } from './bound-file.ts';
import { checked, lastErrno, libc } from './libc.ts';
import { socketWayTo } from './socket-path.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_SNDBUF = 7;
const SO_PEERCRED = 17;
const SO_PEERGROUPS = 59;
const FIONREAD = 0x541b;
const SIOCOUTQ = 0x5411;
const POLLRDHUP = 0x2000;

/** A descriptor number. */
export type Fd = number;

/** The kinds of unix sockets: octets in a stream, datagrams, or a connection that keeps packets apart. */
export type SocketKind = 'stream' | 'datagram' | 'packets';

/** The process on the other side of a connected socket, as it was when it connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Returns a new non-blocking datagram socket. */
export function datagramSocket(): Fd {
  return checked(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'cannot make a datagram socket');
}

/** Returns a new non-blocking stream socket. */
export function streamSocket(): Fd {
  return checked(libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'cannot make a stream socket');
}

/** Returns a new non-blocking socket of sequenced packets. */
export function packetSocket(): Fd {
  return checked(libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'cannot make a socket of sequenced packets');
}

/** Returns a new non-blocking socket of that kind. */
export function socketOf(kind: SocketKind): Fd {
  return socketMakers[kind]();
}

const socketMakers: Readonly<Record<SocketKind, () => Fd>> = { stream: streamSocket, datagram: datagramSocket, packets: packetSocket };

/**
 * Binds `fd` to a new socket file with the given mode and owner. The owner is set on exactly the file that was bound, even if another file
 * has got its name. Until then, the mode is 0. Throws `not-permitted` if the file was replaced or could be, `path-too-long`, or a
 * SystemError. There is then no file to which others can connect.
 *
 * If the file's real absolute path is short enough, the socket is bound by it, so that the kernel lists the socket by that path:
 * systemd-tmpfiles keeps only sockets that it finds there. A longer path is bound through the open directory.
 */
export function bindFile(fd: Fd, file: OwnedFile): void {
  using directory = new HeldDirectory(file);
  if (file.uid === undefined && file.gid === undefined) {
    bindWithMode(fd, directory.socketName, file);
    return;
  }
  directory.checkProvable(fd, file.path);
  bindWithMode(fd, directory.socketName, { ...file, mode: 0 });
  boundHook?.(file.path);
  directory.give(fd, file);
}

/** Binds a socket with a mode. The kernel gives the file the mode of the socket, without the bits of the umask. */
function bindWithMode(fd: Fd, name: string, { path, mode }: OwnedFile): void {
  const umask = process.umask(0);
  try {
    fchmodSync(fd, mode);
    checked(libc.bind(fd, unixAddress(name), unixAddressSize(name)), `cannot bind ${path}`);
  } finally {
    process.umask(umask);
  }
}

let boundHook: ((path: string) => void) | undefined;

/** For tests: calls `hook` each time after a socket file was bound and before its owner is set. */
export function setBoundHook(hook: ((path: string) => void) | undefined): void {
  boundHook = hook;
}

/** Connects `fd` to the socket file at `path`, even if the path is long. Throws a SystemError: ECONNREFUSED if no process listens. */
export function connectPath(fd: Fd, path: string): void {
  using way = socketWayTo(path);
  checked(libc.connect(fd, unixAddress(way.name), unixAddressSize(way.name)), `cannot connect to ${path}`);
}

/** Connects `fd` to the socket with the abstract name `name`, which includes its leading NUL. Throws a SystemError. [unix(7)] */
export function connectAbstract(fd: Fd, name: Uint8Array): void {
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(AF_UNIX);
  address.set(name, 2);
  checked(libc.connect(fd, address, address.length), 'cannot connect to an abstract socket');
}

/**
 * Sets the mode, and optionally the group, of the socket file at `path`. Has no effect unless it is a socket that belongs to this process's
 * user; a symbolic link is not followed. Throws a SystemError if this user may not set that group.
 */
export function changeOwn(path: string, mode: number, gid?: number): void {
  let inode;
  try {
    inode = openInode(path);
  } catch {
    return;
  }
  try {
    const status = fstatSync(inode);
    if (status.isSocket() && status.uid === process.geteuid?.()) changeInode(inode, { path, mode, gid });
  } finally {
    closeSync(inode);
  }
}

/** Returns whether a process has the socket at `path` open; false if there is no such file. */
export function answers(path: string, kind: SocketKind): boolean {
  const fd = socketOf(kind);
  try {
    connectPath(fd, path);
    return true;
  } catch (error) {
    // Any other error means that the socket is open: its queue is full, or it is connected to another socket.
    return !(error instanceof SystemError && (error.errno === 'ECONNREFUSED' || error.errno === 'ENOENT'));
  } finally {
    closeSync(fd);
  }
}

/** Makes a bound socket of connections listen. */
export function listen(fd: Fd, backlog: number): void {
  checked(libc.listen(fd, backlog), 'cannot listen');
}

/** Returns the next waiting connection, non-blocking; undefined if none waits. Throws a SystemError (EMFILE). */
export function accept(fd: Fd): Fd | undefined {
  const connection = libc.accept4(fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (connection >= 0) return connection;
  const errno = lastErrno();
  if (errno === 'EAGAIN' || errno === 'EINTR' || errno === 'ECONNABORTED') return undefined;
  throw new SystemError(errno, 'cannot accept a connection');
}

/** Returns the process on the other side of a connected stream socket. [unix(7), SO_PEERCRED] */
export function peerCredentials(fd: Fd): PeerCredentials {
  const value = optionOf(fd, SO_PEERCRED, 12, "cannot get the peer's credentials");
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}

/** Returns the supplementary groups of the process on the other side of a connected stream socket. [unix(7), SO_PEERGROUPS] */
export function peerGroups(fd: Fd): number[] {
  // Room for the kernel's limit of 65,536 groups.
  const value = optionOf(fd, SO_PEERGROUPS, 4 * 65_536, "cannot get the peer's groups");
  return Array.from({ length: value.length / 4 }, (_, i) => value.readUInt32LE(4 * i));
}

/** Returns and clears the pending error of a socket: its number, or 0 if there is none. */
export function takeSocketError(fd: Fd): number {
  return optionOf(fd, SO_ERROR, 4, 'cannot ask for the error of a socket').readInt32LE(0);
}

/**
 * Returns how much memory is taken by data that was sent on a socket and that the other side has not read yet, in octets. [unix(7),
 * SIOCOUTQ]
 */
export function unreadOctets(fd: Fd): number {
  return numberOf(fd, SIOCOUTQ, 'cannot read the number of unread octets');
}

/** Returns whether a datagram is waiting to be read. [tty_ioctl(4), FIONREAD] */
export function hasWaiting(fd: Fd): boolean {
  return numberOf(fd, FIONREAD, 'cannot check for waiting data') > 0;
}

/** Returns whether the other side has closed its connection, or its half that sends. Data that it sent before may still wait. [poll(2)] */
export function hasHungUp(fd: Fd): boolean {
  const question = Buffer.alloc(8);
  question.writeInt32LE(fd);
  question.writeInt16LE(POLLRDHUP, 4);
  return libc.poll(question, 1, 0) > 0;
}

/** Requests a send buffer of `octets`. The kernel grants as much as the system's limit allows. */
export function setSendBuffer(fd: Fd, octets: number): void {
  const value = Buffer.alloc(4);
  value.writeInt32LE(octets);
  checked(libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, value, value.length), 'cannot set the send buffer');
}

/** Returns the value of a socket's option, of at most `size` octets. */
function optionOf(fd: Fd, option: number, size: number, failure: string): Buffer {
  const [value, length] = [Buffer.alloc(size), Buffer.alloc(4)];
  length.writeUInt32LE(size);
  checked(libc.getsockopt(fd, SOL_SOCKET, option, value, length), failure);
  return value.subarray(0, length.readUInt32LE());
}

/** Returns the number that the kernel keeps for a descriptor under that request. */
function numberOf(fd: Fd, request: number, failure: string): number {
  const value = Buffer.alloc(4);
  checked(libc.ioctlOn(fd, request, value), failure);
  return value.readInt32LE(0);
}

/** Encodes `struct sockaddr_un`: the family in host order, then the path and a NUL. */
function unixAddress(name: string): Uint8Array {
  const address = Buffer.alloc(110);
  address.writeUInt16LE(AF_UNIX);
  address.write(name, 2);
  return address;
}

function unixAddressSize(name: string): number {
  return 2 + Buffer.byteLength(name) + 1;
}
