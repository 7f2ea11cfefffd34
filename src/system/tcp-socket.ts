/** TCP sockets with options that Node cannot set. Node's own classes can take over their descriptors. */
import { closeSync } from 'node:fs';
import { SystemError } from '../errors.ts';
import { domainOf, encodeSocketAddress, familyOf } from './ip-address.ts';
import { setNumber, tryNumber } from './ip-socket.ts';
import { checked, lastErrno, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_KEEPALIVE = 9;
const SO_RCVLOWAT = 18;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const MSG_PEEK = 0x02;
const MSG_DONTWAIT = 0x40;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_INFO = 11;
const TCP_THIN_LINEAR_TIMEOUTS = 16;
const TCP_USER_TIMEOUT = 18;
const TCP_RTO_MAX_MS = 44;

/** The longest wait between two retransmissions, in milliseconds: the least that the kernel allows. It doubles the wait up to 120 s otherwise. */
const longestRetransmission = 1000;

/** Seconds of silence before the kernel probes the far end, and between two probes. */
const keepaliveInterval = 1;

/**
 * Returns a new socket with TCP_NODELAY for the family of `address` (an IPv4 or IPv6 address, not a name). If the far end acknowledges
 * nothing for `userTimeout` milliseconds, the connection ends with ETIMEDOUT [tcp(7), RFC 5482]. That applies to sent data, and to the
 * kernel's probe each second of silence. While little is under way, the first retransmissions follow each other without a growing delay, so that a
 * path that loses packets is not taken for a dead one; and, from Linux 6.15, all follow each other within a second, so that data flows again soon
 * after an outage. Accepted connections inherit these options.
 */
export function tcpSocket(address: string, userTimeout: number): Fd {
  const fd = checked(libc.socket(domainOf(familyOf(address)), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'cannot make a TCP socket');
  setNumber(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  setNumber(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeout);
  setNumber(fd, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1);
  tryNumber(fd, IPPROTO_TCP, TCP_RTO_MAX_MS, longestRetransmission);
  setNumber(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  setNumber(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepaliveInterval);
  setNumber(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepaliveInterval);
  return fd;
}

/** Sets how long the far end of a connection may acknowledge nothing, in milliseconds; see `tcpSocket`. */
export function setUserTimeout(fd: Fd, userTimeout: number): void {
  setNumber(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeout);
}

/** Counts of a TCP connection, which only grow. */
export interface TcpHealth {
  /** The packets that came, also those without new data. */
  readonly packets: number;
  /** The packets that were sent again, and those that came before one that was lost. */
  readonly losses: number;
}

/** The part of `struct tcp_info` that is read, and the places of its counts. The last one is missing before Linux 5.4. [linux/tcp.h] */
const infoSize = 228;
const infoAt = { sentAgain: 100, packets: 140, outOfOrder: 224 } as const;

/** Returns the counts of a connection; undefined if the descriptor is not a TCP socket. */
export function tcpHealth(fd: Fd): TcpHealth | undefined {
  const info = Buffer.alloc(infoSize);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(infoSize);
  if (libc.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, size) < 0) return undefined;
  return {
    packets: info.readUInt32LE(infoAt.packets),
    losses: info.readUInt32LE(infoAt.sentAgain) + info.readUInt32LE(infoAt.outOfOrder),
  };
}

/**
 * Like `tcpSocket`, but bound to `address` and `port`; for port 0, the system chooses one. `::` stands for all addresses of both families.
 * Throws a SystemError (EADDRINUSE).
 */
export function boundTcpSocket(address: string, port: number, userTimeout: number): Fd {
  const fd = tcpSocket(address, userTimeout);
  try {
    setNumber(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (address === '::') setNumber(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    const octets = encodeSocketAddress(address, port);
    checked(libc.bind(fd, octets, octets.length), `cannot listen on ${address} port ${port}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Begins to connect `fd` to an address. When the connection has succeeded or failed, `fd` becomes writable. Throws a SystemError if it
 * fails at once (ENETUNREACH).
 */
export function connectTcp(fd: Fd, address: string, port: number): void {
  const octets = encodeSocketAddress(address, port);
  if (libc.connect(fd, octets, octets.length) === 0) return;
  const errno = lastErrno();
  if (errno !== 'EINPROGRESS') throw new SystemError(errno, `cannot connect to ${address} port ${port}`);
}

/** Sets how many octets must wait before a connection counts as readable. The end of the stream always counts. [socket(7), SO_RCVLOWAT] */
export function setLeastReadable(fd: Fd, octets: number): void {
  setNumber(fd, SOL_SOCKET, SO_RCVLOWAT, octets);
}

/** The result of `peek`. */
export type Peeked = 'nothing' | 'end' | Uint8Array;

/** The most octets that `peek` returns. */
const mostPeeked = 16;

const peeked = new Uint8Array(mostPeeked);

/**
 * Returns up to `most` octets (16) that wait on a connection, and leaves them there; `end` if the far end has closed it, or an error waits. They are
 * valid until the next call.
 */
export function peek(fd: Fd, most: number): Peeked {
  const count = libc.recv(fd, peeked, Math.min(most, mostPeeked), MSG_PEEK | MSG_DONTWAIT);
  if (count > 0) return peeked.subarray(0, count);
  if (count === 0) return 'end';
  const errno = lastErrno();
  return errno === 'EAGAIN' || errno === 'EINTR' ? 'nothing' : 'end';
}

/** The most octets that are discarded before a connection is closed. */
const mostDiscarded = 65_536;

const discarded = new Uint8Array(4096);

/**
 * Closes a connection after the octets that wait on it were discarded. Without that, the kernel resets the connection, and the far end may
 * lose the last octets that it was sent.
 */
export function closeAfterReading(fd: Fd): void {
  for (let read = 0; read < mostDiscarded; read += discarded.length) {
    if (libc.recv(fd, discarded, discarded.length, MSG_DONTWAIT) <= 0) break;
  }
  closeSync(fd);
}
