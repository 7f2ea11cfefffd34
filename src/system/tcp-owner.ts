/** The user at the other side of a TCP connection within this machine. */
import { readFileSync } from 'node:fs';
import { isAmbiguousUid } from './accounts.ts';
import type { TcpDiag, TcpEnds } from './inet-diag.ts';
import { addressOctets, familyOf, type SocketName } from './ip-address.ts';
import { inspectTcpSocket } from './sock-diag.ts';
import { ownName, peerName } from './socket-name.ts';
import type { Fd } from './unix-socket.ts';

/**
 * Returns the user that created the far socket of a TCP connection whose both ends are on this machine, in this network namespace.
 *
 * Returns undefined if that cannot be told: the far socket is elsewhere, or its process has closed it (the kernel then shows root as its
 * user), or its user has no number of its own in this user namespace, or neither sock_diag nor /proc tells of it. A caller must not trust
 * such a connection. Data that arrived before the far socket was closed may still wait, so the question must come before the first read.
 */
export function farOwner(fd: Fd): number | undefined {
  try {
    return tcpOwner({ local: peerName(fd), remote: ownName(fd) });
  } catch {
    // The connection has already ended.
    return undefined;
  }
}

/** Returns the user that created the TCP socket with these ends, or undefined as `farOwner` does. IPv4 addresses in IPv6 are given as IPv4. */
export function tcpOwner(ends: TcpEnds): number | undefined {
  const found = inspectTcpSocket(ends) ?? (answersTcp(ends) ? undefined : findInProc(ends));
  return found === undefined || found.inode === 0 || isAmbiguousUid(found.uid) ? undefined : found.uid;
}

/** Returns whether sock_diag answers about TCP at all: then a socket that it does not know is not there. The other end is ours, so it is. */
function answersTcp({ local, remote }: TcpEnds): boolean {
  return inspectTcpSocket({ local: remote, remote: local }) !== undefined;
}

/** Returns the report on a socket from the kernel's tables in /proc, which list IPv4 connections of IPv6 sockets with the latter. [proc(5)] */
export function findInProc({ local, remote }: TcpEnds): TcpDiag | undefined {
  const inOwnForm = familyOf(local.host) === 4 ? findLine('/proc/net/tcp', `${procName(local)} ${procName(remote)}`) : undefined;
  return inOwnForm ?? findLine('/proc/net/tcp6', `${procName(local, 16)} ${procName(remote, 16)}`);
}

/** Returns what the line with these two addresses tells. */
function findLine(path: string, addresses: string): TcpDiag | undefined {
  const table = textOf(path);
  const at = table.indexOf(`: ${addresses} `);
  if (at < 0) return undefined;
  const columns = table.slice(at + 3 + addresses.length, table.indexOf('\n', at)).split(/ +/);
  // State, queues, timer and retransmissions come before the user, and another timer before the inode.
  const [uid, inode] = [columns[4], columns[6]];
  return { uid: Number(uid), inode: Number(inode) };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Returns an address and port as in /proc/net/tcp: each 32 bits of the address as a number of this machine, which is little endian. */
function procName({ host, port }: SocketName, size?: 16): string {
  const octets = addressOctets(host, size);
  const words = Array.from({ length: octets.length / 4 }, (_, i) => octets.readUInt32LE(4 * i));
  const hex = (number: number, digits: number): string => number.toString(16).toUpperCase().padStart(digits, '0');
  return `${words.map((word) => hex(word, 8)).join('')}:${hex(port, 4)}`;
}
