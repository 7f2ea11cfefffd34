/**
 * The messages by which the kernel reports on one TCP socket: netlink sock_diag, family AF_INET or AF_INET6. [sock_diag(7)]
 *
 *   request: nlmsghdr                      reply: nlmsghdr
 *   0   4  length, 72                      0   4  length
 *   4   2  type, SOCK_DIAG_BY_FAMILY       4   2  type: the same, or NLMSG_ERROR with a negative errno at 16
 *   6   2  flags, NLM_F_REQUEST            6  10  flags, sequence, port
 *   8   8  sequence, port
 *   inet_diag_req_v2                       inet_diag_msg
 *   16  4  family, protocol, extensions    16  4  family, state, timer, retransmissions
 *   20  4  states                          20 48  the connection, as from 24 in the request
 *   24  2  port of the socket              68 12  expiry, queues
 *   26  2  port of its far end             80  4  uid
 *   28 16  address of the socket           84  4  inode of the socket, 0 if no process has it open
 *   44 16  address of its far end
 *   60  4  interface, 0 for any
 *   64  8  cookie, all ones for any
 *
 * Ports and addresses are in the byte order of the network, all else in that of the host (here: little endian).
 */
import { addressOctets, decodeSocketAddress, domainOf, familyOf, socketAddressSize, type SocketName } from './ip-address.ts';

/** One TCP socket of a connection: its own address and that of its far end, both of one family. */
export interface TcpEnds {
  readonly local: SocketName;
  readonly remote: SocketName;
}

/** The kernel's report on a TCP socket. */
export interface TcpDiag {
  /** The user that created it, by its number in the user namespace of the asking process. */
  readonly uid: number;
  /** The inode number of the socket; 0 if no process has it open any more. The kernel then shows root as the user. */
  readonly inode: number;
}

const requestSize = 72;
const replySize = 88;
const sockDiagByFamily = 20;
const requestFlag = 1;
const tcpProtocol = 6;
const anyState = 0xffffffff;
const anyCookie = 0xffffffff;

/** Encodes the request for the report on a socket. An IPv4 connection is also found if its socket is one of IPv6. */
export function encodeTcpDiagRequest({ local, remote }: TcpEnds): Uint8Array {
  const octets = Buffer.alloc(requestSize);
  octets.writeUInt32LE(requestSize, 0);
  octets.writeUInt16LE(sockDiagByFamily, 4);
  octets.writeUInt16LE(requestFlag, 6);
  octets.writeUInt8(domainOf(familyOf(local.host)), 16);
  octets.writeUInt8(tcpProtocol, 17);
  octets.writeUInt32LE(anyState, 20);
  octets.writeUInt16BE(local.port, 24);
  octets.writeUInt16BE(remote.port, 26);
  octets.set(addressOctets(local.host), 28);
  octets.set(addressOctets(remote.host), 44);
  octets.writeUInt32LE(anyCookie, 64);
  octets.writeUInt32LE(anyCookie, 68);
  return octets;
}

/** Decodes the report on a socket. Returns undefined for an error or a report on another socket, such as one that listens. */
export function decodeTcpDiagReply(octets: Uint8Array, { local, remote }: TcpEnds): TcpDiag | undefined {
  const reply = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  if (reply.length < replySize || reply.readUInt16LE(4) !== sockDiagByFamily) return undefined;
  const isAbout = isSame(local, nameAt(reply, 24, 20)) && isSame(remote, nameAt(reply, 40, 22));
  return isAbout ? { uid: reply.readUInt32LE(80), inode: reply.readUInt32LE(84) } : undefined;
}

/** Reads an end of a reply's connection: an IPv4 address in IPv6 as IPv4. */
function nameAt(reply: Buffer, addressAt: number, portAt: number): SocketName {
  const address = Buffer.alloc(socketAddressSize);
  address.writeUInt16LE(reply.readUInt8(16));
  reply.copy(address, 2, portAt, portAt + 2);
  reply.copy(address, reply.readUInt8(16) === domainOf(4) ? 4 : 8, addressAt, addressAt + 16);
  return decodeSocketAddress(address);
}

function isSame(one: SocketName, other: SocketName): boolean {
  return one.port === other.port && one.host === other.host;
}
