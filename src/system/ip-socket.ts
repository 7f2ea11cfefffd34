/** UDP and raw sockets of IPv4 and IPv6, with the options that Node cannot set. [ip(7), ipv6(7), udp(7), raw(7), socket(7)] */
import { closeSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { EtherloomError } from '../errors.ts';
import { domainOf, encodeSocketAddress, familyOf, interfaceNumber, type IpFamily } from './ip-address.ts';
import { checked, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';

const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_NO_CHECK = 11;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;

/** The receive buffer for frames that come while others are worked on, in octets. The kernel gives as much as it allows. */
export const usualReceiveBuffer = 4 * 2 ** 20;

/** The place of the dropped packets among the numbers of `SO_MEMINFO`, and their count. [linux/sock_diag.h] */
const SK_MEMINFO_DROPS = 8;
const SK_MEMINFO_VARS = 9;

const IPV6_V6ONLY = 26;
const MCAST_JOIN_GROUP = 42;

/** The options that both families have, each with its number. [linux/in.h, linux/in6.h] */
const options = {
  4: { level: 0, hops: 2, discoverMtu: 10, mtu: 14, groupInterface: 32, groupHops: 33, groupLoop: 34, allGroups: 49 },
  6: { level: 41, hops: 16, discoverMtu: 23, mtu: 24, groupInterface: 17, groupHops: 18, groupLoop: 19, allGroups: 29 },
} as const;

/** The numbers of the options that a raw socket of another library is given, which has no descriptor for the functions below. */
export const optionNumbers = {
  ...options,
  socket: { level: SOL_SOCKET, receiveBuffer: SO_RCVBUF, anyReceiveBuffer: SO_RCVBUFFORCE, memory: SO_MEMINFO },
} as const;

/** The treatment of packets that are longer than their path takes. */
export type Fragmentation =
  | 'never' // it is refused (EMSGSIZE), here or, with an ICMP error, on the way: the don't-fragment bit is set
  | 'allowed'; // it is cut into fragments, here or on the way

/** The values of the option `discoverMtu`. */
export const discoverModes: Readonly<Record<Fragmentation, number>> = { allowed: 0, never: 2 };

/** The way of packets to a group of hosts. */
export interface GroupWay {
  /** The number of the interface by which they leave; 0 for the one that the routes choose. */
  readonly interface: number;
  /** The routers that they may cross, and one. */
  readonly hops: number;
}

/** Returns a new non-blocking UDP socket. One of IPv6 has nothing to do with IPv4. */
export function udpSocket(family: IpFamily): Fd {
  const fd = ipSocket(family, SOCK_DGRAM, 0, 'a UDP socket');
  if (family === 6) setNumber(fd, options[6].level, IPV6_V6ONLY, 1);
  return fd;
}

/** Returns a new non-blocking raw socket of a protocol on IP. Throws a SystemError (EPERM). */
export function rawSocket(family: IpFamily, protocol: number): Fd {
  return ipSocket(family, SOCK_RAW, protocol, `a raw socket for protocol ${protocol} of IPv${family}`);
}

/** Returns a socket after `work` on it. Closes it if that throws. */
export function prepared(fd: Fd, work: (fd: Fd) => void): Fd {
  try {
    work(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Binds a socket to an address of its family and a port, 0 for one that the system chooses. Throws a SystemError (EADDRINUSE). */
export function bindIp(fd: Fd, address: string, port: number): void {
  const octets = encodeSocketAddress(address, port);
  checked(libc.bind(fd, octets, octets.length), `cannot bind ${address} port ${port}`);
}

/**
 * Connects a socket to an address of its family: it sends there, and the kernel delivers only what comes from there. Packets that came
 * before, from any source, are discarded. Throws a SystemError (ENETUNREACH).
 */
export function connectIp(fd: Fd, address: string, port: number): void {
  const octets = encodeSocketAddress(address, port);
  checked(libc.connect(fd, octets, octets.length), `cannot connect to ${address} port ${port}`);
  const nothing = new Uint8Array(1);
  while (libc.recv(fd, nothing, 0, MSG_DONTWAIT | MSG_TRUNC) >= 0);
}

/** Sets whether other sockets that do the same may bind the address and port, too: each gets a copy of what comes for a group of hosts. */
export function shareAddress(fd: Fd, shared = true): void {
  setNumber(fd, SOL_SOCKET, SO_REUSEADDR, shared ? 1 : 0);
}

/** Sets what happens to packets that are longer than their path takes. */
export function setFragmentation(fd: Fd, family: IpFamily, fragmentation: Fragmentation): void {
  setNumber(fd, options[family].level, options[family].discoverMtu, discoverModes[fragmentation]);
}

/** Returns the longest packet that the path of a connected socket takes, in octets with the IP header. Throws a SystemError (ENOTCONN). */
export function pathMtu(fd: Fd, family: IpFamily): number {
  return getNumber(fd, options[family].level, options[family].mtu);
}

/** Sets the routers that a packet to one host may cross, and one: 1 to 255. */
export function setHops(fd: Fd, family: IpFamily, hops: number): void {
  setNumber(fd, options[family].level, options[family].hops, hops);
}

/** Sets the way of packets to groups. This machine's own sockets get a copy. */
export function setGroupWay(fd: Fd, family: IpFamily, way: GroupWay): void {
  const { level, groupInterface, groupHops, groupLoop } = options[family];
  setNumber(fd, level, groupHops, way.hops);
  setNumber(fd, level, groupLoop, 1);
  if (way.interface === 0) return;
  if (family === 6) setNumber(fd, level, groupInterface, way.interface);
  else setOption(fd, level, groupInterface, Buffer.concat([Buffer.alloc(8), int32(way.interface)]));
}

/** Receives packets for a group of hosts that come by an interface (0: the one that the routes choose), and none for groups of other sockets. */
export function joinGroup(fd: Fd, group: string, interfaceIndex: number): void {
  const { level, allGroups } = options[familyOf(group)];
  setNumber(fd, level, allGroups, 0);
  // struct group_req: the interface, 4 octets of padding, and an address in room for the longest one.
  const request = Buffer.alloc(136);
  request.writeUInt32LE(interfaceIndex, 0);
  request.set(encodeSocketAddress(group, 0), 8);
  setOption(fd, level, MCAST_JOIN_GROUP, request, `cannot join the group ${group}`);
}

/** Returns the number of the interface that has an address, or that is its zone. Throws EtherloomError('bad-address') if none has. */
export function interfaceWith(address: string): number {
  const [, zone] = address.split('%');
  if (zone !== undefined) return interfaceNumber(zone);
  const found = Object.entries(networkInterfaces()).find(([, all = []]) => all.some((one) => one.address === address));
  if (found) return interfaceNumber(found[0]);
  throw new EtherloomError('bad-address', `${address} is not an address of this machine; use one that \`ip address\` shows`);
}

/**
 * Returns the number of the interface by which packets to and from groups go: the one with a name, else the one that has an address, else 0, as
 * the routes say. Throws a SystemError (ENODEV), or EtherloomError('bad-address').
 */
export function groupInterface(name: string | undefined, local: string | undefined): number {
  if (name !== undefined) return interfaceNumber(name);
  return local === undefined ? 0 : interfaceWith(local);
}

/** Returns whether an interface is the loopback: its packets do not leave this machine. */
export function isLoopbackInterface(name: string): boolean {
  return networkInterfaces()[name]?.some(({ internal }) => internal) ?? false;
}

/** Sends UDP packets over IPv4 without a checksum, which is their sender's choice. [RFC 768] */
export function sendWithoutChecksum(fd: Fd): void {
  setNumber(fd, SOL_SOCKET, SO_NO_CHECK, 1);
}

/** Requests a receive buffer of `octets`. The kernel gives it to root, and at most its `rmem_max` to other users. */
export function setReceiveBuffer(fd: Fd, octets: number): void {
  const value = int32(octets);
  if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, value, value.length) < 0) setNumber(fd, SOL_SOCKET, SO_RCVBUF, octets);
}

/** Returns the number of packets for a socket that the kernel has dropped, since the socket is full, or the packet is damaged. It only grows. */
export function lostPackets(fd: Fd): number {
  const value = memoryNumbers();
  checked(libc.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, value, int32(value.length)), 'cannot ask for the lost packets of a socket');
  return droppedIn(value);
}

/** Returns room for the value of the option `memory`. */
export function memoryNumbers(): Buffer {
  return Buffer.alloc(4 * SK_MEMINFO_VARS);
}

/** Returns the number of dropped packets in a value of the option `memory`. */
export function droppedIn(memory: Buffer): number {
  return memory.readUInt32LE(4 * SK_MEMINFO_DROPS);
}

/** The value of one call. */
const setValue = Buffer.alloc(4);

/** Sets an option whose value is a number. Throws a SystemError. */
export function setNumber(fd: Fd, level: number, option: number, number: number): void {
  setValue.writeInt32LE(number);
  setOption(fd, level, option, setValue);
}

/** Like `setNumber`, for an option that older kernels do not have: there it has no effect. */
export function tryNumber(fd: Fd, level: number, option: number, number: number): void {
  setValue.writeInt32LE(number);
  libc.setsockopt(fd, level, option, setValue, setValue.length);
}

function ipSocket(family: IpFamily, type: number, protocol: number, what: string): Fd {
  return checked(libc.socket(domainOf(family), type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), `cannot make ${what}`);
}

function setOption(fd: Fd, level: number, option: number, value: Uint8Array, what = `cannot set socket option ${level}/${option}`): void {
  checked(libc.setsockopt(fd, level, option, value, value.length), what);
}

function getNumber(fd: Fd, level: number, option: number): number {
  const value = Buffer.alloc(4);
  checked(libc.getsockopt(fd, level, option, value, int32(value.length)), `cannot get socket option ${level}/${option}`);
  return value.readInt32LE(0);
}

function int32(number: number): Buffer {
  const value = Buffer.alloc(4);
  value.writeInt32LE(number);
  return value;
}
