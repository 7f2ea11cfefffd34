/** Connects datagram sockets to sockets of another process, provided that these are proven to belong to a given user. */
import { closeSync, fstatSync } from 'node:fs';
import { EtherloomError, errnoOf, SystemError } from '../errors.ts';
import { isAmbiguousUid } from './accounts.ts';
import { openInode } from './bound-file.ts';
import { inspectUnixSocket } from './sock-diag.ts';
import { connectAbstract, connectPath, type Fd } from './unix-socket.ts';

/**
 * Connects `fd` to the socket file at `path` if it is a socket and belongs to `owner`. A symbolic link is not followed, and exactly the
 * checked file is connected to. Throws EtherloomError('not-permitted') or a SystemError that names `path`.
 */
export function connectOwned(fd: Fd, path: string, owner: number): void {
  checkProvable(owner);
  const inode = open(path);
  try {
    const status = fstatSync(inode);
    if (!status.isSocket())
      throw new EtherloomError('not-permitted', `${path} is not a socket; have the client name the socket that it bound`);
    if (status.uid !== owner) throw notTheClients(path, status.uid, owner);
    connectInode(fd, inode, path, status);
  } finally {
    closeSync(inode);
  }
}

/**
 * Connects `fd` to the socket with this abstract name of 108 octets, and checks with the kernel that `owner` created that socket. Throws
 * EtherloomError('not-permitted') or a SystemError; `fd` must not be used then.
 */
export function connectOwnedAbstract(fd: Fd, name: Uint8Array, owner: number): void {
  checkProvable(owner);
  const shown = showAbstract(name);
  try {
    connectAbstract(fd, name);
  } catch (error) {
    throw new SystemError(errnoOf(error) ?? 'EIO', `cannot connect to the abstract socket ${shown}`, abstractRemedy(errnoOf(error)));
  }
  const { peer } = inspectUnixSocket(fstatSync(fd).ino) ?? {};
  const uid = peer === undefined ? undefined : inspectUnixSocket(peer)?.uid;
  if (uid === undefined) {
    throw new EtherloomError(
      'not-permitted',
      `the kernel does not report the owner of the abstract socket ${shown} (netlink sock_diag is missing or forbidden); allow AF_NETLINK` +
        ' sockets to the switch, or use a client whose socket is a file',
    );
  }
  if (uid !== owner) throw notTheClients(shown, uid, owner);
}

/** Formats an abstract name for messages: `@` for its leading NUL, then the text without trailing zeros; other octets in hexadecimal. */
function showAbstract(name: Uint8Array): string {
  const end = name.findLastIndex((octet) => octet !== 0);
  return `@${Array.from(name.subarray(1, end + 1), (octet) => showOctet(octet)).join('')}`;
}

function showOctet(octet: number): string {
  return octet > 0x20 && octet < 0x7f ? String.fromCharCode(octet) : `\\x${octet.toString(16).padStart(2, '0')}`;
}

function checkProvable(uid: number): void {
  if (!isAmbiguousUid(uid)) return;
  throw new EtherloomError(
    'not-permitted',
    `uid ${uid} stands for all users that the switch's user namespace does not map, so it does not identify the client; map its user there,` +
      ' or run both in the same namespace',
  );
}

function notTheClients(name: string, uid: number, owner: number): EtherloomError {
  return new EtherloomError(
    'not-permitted',
    `${name} belongs to uid ${uid}, not to its client, uid ${owner}; have the client bind its own socket`,
  );
}

function open(path: string): number {
  try {
    return openInode(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw new SystemError(errno, `cannot open the client's socket ${path}`);
  }
}

/** Connects by the descriptor, since another file may have the name by now. */
function connectInode(fd: Fd, inode: number, path: string, { uid, mode }: { readonly uid: number; readonly mode: number }): void {
  try {
    connectPath(fd, `/proc/self/fd/${inode}`);
  } catch (error) {
    const own = process.geteuid?.() ?? 0;
    const remedies: Readonly<Record<string, string>> = {
      EACCES:
        `its mode is 0${(mode & 0o777).toString(8)} and its owner uid ${uid}; give it a mode by which uid ${own} may write,` +
        ` or run the switch as root or as uid ${uid}`,
      ECONNREFUSED: 'no process has it open any more',
    };
    const errno = errnoOf(error) ?? 'EIO';
    throw new SystemError(errno, `cannot connect to the client's socket ${path}`, remedies[errno]);
  }
}

function abstractRemedy(errno: string | undefined): string | undefined {
  if (errno !== 'ECONNREFUSED') return undefined;
  return 'abstract names are valid in one network namespace only: run client and switch in the same one';
}
