/** The local and remote addresses of IP sockets. */
import { decodeSocketAddress, socketAddressSize, type SocketName } from './ip-address.ts';
import { checked, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';

const AF_UNIX = 1;

/** Returns the address to which a socket is bound. Throws a SystemError. */
export function ownName(fd: Fd): SocketName {
  const { octets, length } = emptied(known);
  checked(libc.getsockname(fd, octets, length), 'cannot get the local address of a socket');
  return decodeSocketAddress(octets);
}

/** Returns the address to which a socket is connected. Throws a SystemError (ENOTCONN). */
export function peerName(fd: Fd): SocketName {
  const { octets, length } = emptied(known);
  checked(libc.getpeername(fd, octets, length), 'cannot get the remote address of a socket');
  return decodeSocketAddress(octets);
}

/**
 * Returns whether a TCP socket is connected to itself. That can happen if no process listens on the dialled port, and the system assigns
 * the same port to the dialling socket.
 */
export function answersItself(fd: Fd): boolean {
  const [own, peer] = [nameMemory(), nameMemory()];
  checked(libc.getsockname(fd, own.octets, own.length), 'cannot get the local address of a socket');
  // The socket is no longer connected. Its next use returns the error.
  if (libc.getpeername(fd, peer.octets, peer.length) < 0) return false;
  return own.octets.readUInt16LE(0) !== AF_UNIX && own.octets.equals(peer.octets);
}

/** Memory for a name and its length. */
interface NameMemory {
  readonly octets: Buffer;
  readonly length: Buffer;
}

/** The memory of one call, which is decoded before the next: crowds of strangers are to cost no garbage. */
const known = nameMemory();

function nameMemory(): NameMemory {
  return emptied({ octets: Buffer.alloc(socketAddressSize), length: Buffer.alloc(4) });
}

function emptied(memory: NameMemory): NameMemory {
  memory.length.writeUInt32LE(socketAddressSize);
  return memory;
}
