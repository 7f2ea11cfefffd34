/** TCP sockets with options that Node cannot set; Node's own classes take the descriptors over. */
import { closeSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { checked, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;

/**
 * A new socket for the family of `address` (an IPv4 or IPv6 address, no name). What was sent and is not acknowledged for `userTimeout`
 * milliseconds ends its connection with ETIMEDOUT [tcp(7), RFC 5482]; connections accepted from it inherit that.
 */
export function tcpSocket(address: string, userTimeout: number): Fd {
  const family = isIPv6(address) ? AF_INET6 : AF_INET;
  const fd = checked(libc.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'cannot make a TCP socket');
  setNumber(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeout);
  return fd;
}

/** As `tcpSocket`, bound to `address` and `port`; port 0 lets the system choose. Throws a SystemError (EADDRINUSE). */
export function boundTcpSocket(address: string, port: number, userTimeout: number): Fd {
  const fd = tcpSocket(address, userTimeout);
  try {
    setNumber(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const octets = isIPv6(address) ? ipv6Address(address, port) : ipv4Address(address, port);
    checked(libc.bind(fd, octets, octets.length), `cannot listen on ${address} port ${port}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function setNumber(fd: Fd, level: number, option: number, number: number): void {
  const value = Buffer.alloc(4);
  value.writeInt32LE(number);
  checked(libc.setsockopt(fd, level, option, value, value.length), `cannot set socket option ${level}/${option}`);
}

/** `struct sockaddr_in`: family (host order), port and address (network order), 8 zeros. */
function ipv4Address(address: string, port: number): Uint8Array {
  const octets = Buffer.alloc(16);
  octets.writeUInt16LE(AF_INET, 0);
  octets.writeUInt16BE(port, 2);
  octets.set(address.split('.').map(Number), 4);
  return octets;
}

/** `struct sockaddr_in6`: family, port, flow, address, scope. */
function ipv6Address(address: string, port: number): Uint8Array {
  const octets = Buffer.alloc(28);
  octets.writeUInt16LE(AF_INET6, 0);
  octets.writeUInt16BE(port, 2);
  ipv6Groups(address).forEach((group, i) => octets.writeUInt16BE(group, 8 + 2 * i));
  return octets;
}

/** The eight groups of an address; the URL parser expands what people abbreviate but for `::`. */
function ipv6Groups(address: string): number[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const before = groups(head);
  if (tail === undefined) return before;
  const after = groups(tail);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}
