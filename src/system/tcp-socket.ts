/** TCP sockets with options that Node cannot set. Node's own classes can take the descriptors over. */
import { closeSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { SystemError } from '../errors.ts';
import { checked, lastErrno, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_USER_TIMEOUT = 18;

/** Seconds of silence after which the kernel probes the far end, and between two probes. */
const keepaliveInterval = 1;

/**
 * Returns a new socket for the family of `address` (an IPv4 or IPv6 address, not a name), without delays. If the far end acknowledges
 * nothing for `userTimeout` milliseconds, its connection ends with ETIMEDOUT [tcp(7), RFC 5482]. That covers sent data and, in a silence,
 * the kernel's probe each second. Accepted connections inherit all that.
 */
export function tcpSocket(address: string, userTimeout: number): Fd {
  const family = isIPv6(address) ? AF_INET6 : AF_INET;
  const fd = checked(libc.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'cannot make a TCP socket');
  setNumber(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  setNumber(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeout);
  setNumber(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  setNumber(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepaliveInterval);
  setNumber(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepaliveInterval);
  return fd;
}

/** As `tcpSocket`, bound to `address` and `port`; port 0 lets the system choose. Throws a SystemError (EADDRINUSE). */
export function boundTcpSocket(address: string, port: number, userTimeout: number): Fd {
  const fd = tcpSocket(address, userTimeout);
  try {
    setNumber(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const octets = socketAddress(address, port);
    checked(libc.bind(fd, octets, octets.length), `cannot listen on ${address} port ${port}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Begins to connect `fd` to that address; it is writable when that has succeeded or failed. Throws a SystemError if it fails at once
 * (ENETUNREACH).
 */
export function connectTcp(fd: Fd, address: string, port: number): void {
  const octets = socketAddress(address, port);
  if (libc.connect(fd, octets, octets.length) === 0) return;
  const errno = lastErrno();
  if (errno !== 'EINPROGRESS') throw new SystemError(errno, `cannot connect to ${address} port ${port}`);
}

/** An end of a connection, or the local address of a socket. */
export interface SocketName {
  readonly host: string;
  readonly port: number;
}

/** Returns the address to which a TCP socket is bound. Throws a SystemError. */
export function ownName(fd: Fd): SocketName {
  const { octets, length } = nameMemory();
  checked(libc.getsockname(fd, octets, length), 'cannot tell where a socket is bound');
  return socketName(octets);
}

/** Returns the address to which a TCP socket is connected. Throws a SystemError (ENOTCONN). */
export function peerName(fd: Fd): SocketName {
  const { octets, length } = nameMemory();
  checked(libc.getpeername(fd, octets, length), 'cannot tell the far end of a socket');
  return socketName(octets);
}

/**
 * Returns whether a TCP socket is connected to itself. The system does that if nothing listens on the dialled port and the port is free to
 * assign.
 */
export function answersItself(fd: Fd): boolean {
  const [own, peer] = [nameMemory(), nameMemory()];
  checked(libc.getsockname(fd, own.octets, own.length), 'cannot tell where a socket is bound');
  // It is no longer connected; its next user gets the error.
  if (libc.getpeername(fd, peer.octets, peer.length) < 0) return false;
  return own.octets.readUInt16LE(0) !== AF_UNIX && own.octets.equals(peer.octets);
}

function nameMemory(): { octets: Buffer; length: Uint8Array } {
  return { octets: Buffer.alloc(28), length: new Uint8Array(new Uint32Array([28]).buffer) };
}

/**
 * Decodes the address that `socketAddress` encodes: an IPv6 address in its shortest form, and an IPv4 address as such if it came by an IPv6
 * socket.
 */
function socketName(octets: Buffer): SocketName {
  const port = octets.readUInt16BE(2);
  if (octets.readUInt16LE(0) === AF_INET) return { host: octets.subarray(4, 8).join('.'), port };
  const address = octets.subarray(8, 24);
  if (address.subarray(0, 12).equals(mappedPrefix)) return { host: address.subarray(12).join('.'), port };
  const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(2 * i).toString(16));
  return { host: new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1), port };
}

/** The prefix of IPv4 addresses in IPv6. [RFC 4291, 2.5.5.2] */
const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

function socketAddress(address: string, port: number): Uint8Array {
  return isIPv6(address) ? ipv6Address(address, port) : ipv4Address(address, port);
}

function setNumber(fd: Fd, level: number, option: number, number: number): void {
  const value = Buffer.alloc(4);
  value.writeInt32LE(number);
  checked(libc.setsockopt(fd, level, option, value, value.length), `cannot set socket option ${level}/${option}`);
}

/** Encodes `struct sockaddr_in`: family (host order), port and address (network order), 8 zeros. */
function ipv4Address(address: string, port: number): Uint8Array {
  const octets = Buffer.alloc(16);
  octets.writeUInt16LE(AF_INET, 0);
  octets.writeUInt16BE(port, 2);
  octets.set(address.split('.').map(Number), 4);
  return octets;
}

/** Encodes `struct sockaddr_in6`: family, port, flow, address, scope. */
function ipv6Address(address: string, port: number): Uint8Array {
  const octets = Buffer.alloc(28);
  octets.writeUInt16LE(AF_INET6, 0);
  octets.writeUInt16BE(port, 2);
  ipv6Groups(address).forEach((group, i) => octets.writeUInt16BE(group, 8 + 2 * i));
  return octets;
}

/** Returns the eight groups of an address. The URL parser expands all abbreviations except `::`. */
function ipv6Groups(address: string): number[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const before = groups(head);
  if (tail === undefined) return before;
  const after = groups(tail);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}
