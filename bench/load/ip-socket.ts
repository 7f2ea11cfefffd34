/** The sockets of stations on network cards and on tunnels. [packet(7), udp(7), raw(7), network_namespaces(7)] */
import { closeSync, openSync } from 'node:fs';
import type { Attachment } from './attach.ts';
import { calls, lastErrno } from './calls.ts';
import type { FarEnd, TunnelKind } from './spec.ts';

const AF_INET = 2;
const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_NO_CHECK = 11;
const SO_RCVBUFFORCE = 33;
const CLONE_NEWNET = 0x4000_0000;
const IPPROTO_GRE = 47;

/** The EtherType of a load's frames. */
export const loadType = 0x88b5; // local experimental [IEEE 802, 9.2.4]

/** So much that the load loses no frame. */
const receiveBuffer = 4 * 2 ** 20;

const vxlanPort = 4789; // [RFC 7348, 8]

/** The socket of a tunnel, the octets in front of a frame, and how many of the IP header are received with it. */
const tunnels: Readonly<
  Record<TunnelKind, { type: number; protocol: number; port: number; ipHeader: number; header: (key: number) => Buffer }>
> = {
  vxlan: { type: SOCK_DGRAM, protocol: 0, port: vxlanPort, ipHeader: 0, header: (key) => words(0x0800_0000, key * 256) }, // [RFC 7348, 5]
  gre: { type: SOCK_RAW, protocol: IPPROTO_GRE, port: 0, ipHeader: 20, header: (key) => words(0x2000_6558, key) }, // [RFC 2890, 2]
};

/** Opens a network card of this namespace: the station is the host behind it. Only a load's frames are received. */
export function cardSocket(card: string): Attachment {
  const fd = newSocket(AF_PACKET, SOCK_RAW, 0);
  // struct sockaddr_ll: family, protocol in network order, number of the card.
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(loadType, 2);
  address.writeInt32LE(calls.if_nametoindex(card), 4);
  checked(calls.bind(fd, address, address.length), `open the card ${card}`);
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

/** Opens the far end of a tunnel in its namespace. Its UDP packets have no checksum, as a card of a machine could leave it unfinished. */
export function farEnd({ tunnel, namespace, local, remote, key }: FarEnd): Attachment {
  const { type, protocol, port, ipHeader, header } = tunnels[tunnel];
  const fd = inNamespace(namespace, () => newSocket(AF_INET, type, protocol));
  if (type === SOCK_DGRAM) setNumber(fd, SO_NO_CHECK, 1);
  const own = ipv4(local, port);
  checked(calls.bind(fd, own, own.length), `bind ${local}`);
  const octets = header(key);
  return { fd, header: octets, received: ipHeader + octets.length, to: ipv4(remote, port), [Symbol.dispose]: () => closeSync(fd) };
}

function newSocket(domain: number, type: number, protocol: number): number {
  const fd = checked(calls.socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), 'make a socket');
  setNumber(fd, SO_RCVBUFFORCE, receiveBuffer); // refused to all but root of the machine
  return fd;
}

/** Does something in the network namespace of a process. A socket that is made there stays there. */
function inNamespace<Result>(pid: number, work: () => Result): Result {
  const [here, there] = [openSync('/proc/thread-self/ns/net', 'r'), openSync(`/proc/${pid}/ns/net`, 'r')];
  try {
    checked(calls.setns(there, CLONE_NEWNET), 'enter the namespace of a tunnel');
    return work();
  } finally {
    checked(calls.setns(here, CLONE_NEWNET), 'leave the namespace of a tunnel');
    closeSync(here);
    closeSync(there);
  }
}

function setNumber(fd: number, option: number, number: number): void {
  const value = Buffer.alloc(4);
  value.writeInt32LE(number);
  calls.setsockopt(fd, SOL_SOCKET, option, value, value.length);
}

/** `struct sockaddr_in`: the family in host order, the port and the address in network order, 8 octets of padding. */
function ipv4(address: string, port: number): Buffer {
  const octets = Buffer.alloc(16);
  octets.writeUInt16LE(AF_INET, 0);
  octets.writeUInt16BE(port, 2);
  octets.set(address.split('.').map(Number), 4);
  return octets;
}

function words(...numbers: readonly number[]): Buffer {
  const octets = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, i) => octets.writeUInt32BE(number, i * 4));
  return octets;
}

function checked(result: number, what: string): number {
  if (result === -1) throw new Error(`the load cannot ${what}: errno ${lastErrno()}`);
  return result;
}
