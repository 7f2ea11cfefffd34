import { EtherloomError } from '../errors.ts';
import type { Random } from '../random.ts';
import { minFrame } from '../wire/ethernet.ts';
import { formatIp, isIpv6, isMulticast, type IpAddress } from '../wire/ip.ts';
import { ipProtocols } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { readUint16 } from '../wire/octets.ts';
import type { Udp } from '../wire/udp.ts';
import { UdpGroups } from './udp-groups.ts';

/** A datagram that came. */
export interface Datagram {
  readonly source: IpAddress;
  readonly sourcePort: number;
  /** The host's address, or that of a broadcast or a group. */
  readonly destination: IpAddress;
  /** Who sent the frame: the source, or a router on the way from it. */
  readonly via: MacAddress;
  /** Borrowed: its octets are valid until the call returns. */
  readonly payload: Uint8Array;
}

/** What is told each datagram for a port. */
export type UdpReceiver = (datagram: Datagram) => void;

/**
 * What is told that a datagram to that host and port was refused. With `mtu` a router says that it was too long, and how many octets a packet on this
 * way may have; without, that host says that nobody listens to the port.
 */
export type UdpRefusal = (host: IpAddress, port: number, mtu?: number) => void;

/** How a socket is, where it differs from any. */
export interface UdpOptions {
  /** The address that it receives at and sends by: one of the host's, or a group's, which is received at alone. By default all. */
  readonly address?: IpAddress;
  /** Whether what it sends may not be in fragments; false by default. */
  readonly dontFragment?: boolean;
  /** How many hops go the datagrams that it sends to groups; 1 by default. */
  readonly multicastTtl?: number;
  /** Whether what it sends to a group that this host is a member of comes back; true by default. */
  readonly multicastLoopback?: boolean;
}

interface Listener extends UdpOptions {
  readonly receive: UdpReceiver;
  readonly refused: UdpRefusal | undefined;
  readonly groups: Set<IpAddress>;
}

/** A port of a host that somebody listens to. Disposing it closes the port. */
export interface UdpSocket extends Disposable {
  readonly port: number;
  /**
   * Sends a datagram from this port, unless that is closed. Throws EtherloomError: `bad-option` when it is too long for a packet, or for one on the way
   * where it may not be in fragments, `bad-address` for a number that is no port.
   */
  send(to: IpAddress, port: number, payload: Uint8Array): void;
  /** Receives from now on what is sent to that group. Throws EtherloomError('bad-address') for an address that is no group's. */
  join(group: IpAddress): void;
  /** Receives it no more. */
  leave(group: IpAddress): void;
}

/** What a host's sockets are made of. */
export interface UdpSocketsOptions {
  readonly random: Random;
  /** How long a packet on the way to an address may be where it may not be in fragments, in octets. */
  readonly mtuTo: (address: IpAddress) => number;
  readonly send: (to: IpAddress, udp: Udp, options: UdpOptions) => void;
}

/** The ports for whoever names none. [RFC 6335, 6] */
const ephemeral = { first: 49_152, count: 16_384 };
const udpHeader = 8;
const [ipv4Header, ipv6Header] = [20, 40];

/** Who listens to which UDP port of a host. [RFC 1122, 4.1] */
export class UdpSockets {
  /** The groups that any of them is in. */
  readonly groups = new UdpGroups();
  readonly #options: UdpSocketsOptions;
  readonly #open = new Map<number, Listener>();

  constructor(options: UdpSocketsOptions) {
    this.#options = options;
  }

  /**
   * Opens a port, or one that is free. Throws EtherloomError: `busy` when it is open already or none is free, and `bad-address` for a
   * number that is no port.
   */
  open(wanted: number | undefined, receive: UdpReceiver, refused?: UdpRefusal, options: UdpOptions = {}): UdpSocket {
    const port = wanted ?? this.#freePort();
    checkPort(port);
    if (this.#open.has(port)) throw new EtherloomError('busy', `UDP port ${port} is already open; close it first, or choose another one`);
    // One of its own: whoever opens a port twice may give the same function.
    const own: Listener = { ...options, receive, refused, groups: new Set() };
    this.#open.set(port, own);
    const isOpen = (): boolean => this.#open.get(port) === own;
    return {
      port,
      send: (to, destinationPort, payload) => {
        if (isOpen()) this.#send(to, { sourcePort: port, destinationPort, payload }, own);
      },
      join: (group) => {
        checkGroup(group);
        if (!isOpen() || own.groups.has(group)) return;
        own.groups.add(group);
        this.groups.join(group);
      },
      leave: (group) => {
        if (own.groups.delete(group)) this.groups.leave(group);
      },
      [Symbol.dispose]: () => {
        if (!isOpen()) return;
        this.#open.delete(port);
        for (const group of own.groups) this.groups.leave(group);
        own.groups.clear();
      },
    };
  }

  /** Whether the IPv4 packet in a frame may be for a port that is open, as far as that is seen without taking it apart. */
  hears(frame: Uint8Array): boolean {
    if (this.#open.size === 0 || frame[minFrame + 9] !== ipProtocols.udp) return false;
    // The ports are in the first fragment alone.
    if ((readUint16(frame, minFrame + 6) & 0x1fff) !== 0) return true;
    const headerLength = ((frame[minFrame] ?? 0) & 0xf) * 4;
    return this.#open.has(readUint16(frame, minFrame + headerLength + 2));
  }

  /** A datagram for this host came. False when no socket takes it. */
  receive(port: number, datagram: Datagram): boolean {
    const listener = this.#open.get(port);
    if (listener === undefined) return false;
    const { destination } = datagram;
    if (listener.address !== undefined && listener.address !== destination) return false;
    if (isMulticast(destination) && !listener.groups.has(destination)) return false;
    listener.receive(datagram);
    return true;
  }

  /** A host or router says that a datagram was refused, by the ports that it began with: the socket that sent it is told. */
  refuse(destination: IpAddress, start: Uint8Array, mtu?: number): void {
    this.#open.get(readUint16(start, 0))?.refused?.(destination, readUint16(start, 2), mtu);
  }

  #send(to: IpAddress, udp: Udp, options: UdpOptions): void {
    // Who wants no answer sends from port 0, and whoever answers all the same does no harm.
    if (udp.destinationPort !== 0) checkPort(udp.destinationPort);
    const { dontFragment = false } = options;
    const header = isIpv6(to) ? ipv6Header : ipv4Header;
    const longest = isIpv6(to) ? 0xffff : 0xffff - ipv4Header;
    const most = (dontFragment ? this.#options.mtuTo(to) - header : longest) - udpHeader;
    if (udp.payload.length > most) {
      const why = dontFragment ? `the way to ${formatIp(to)} carries` : 'a packet holds';
      throw new EtherloomError(
        'bad-option',
        `cannot send ${udp.payload.length} octets in one UDP datagram: ${why} at most ${most}; send less at a time`,
      );
    }
    this.#options.send(to, udp, options);
  }

  #freePort(): number {
    const { first, count } = ephemeral;
    const start = this.#options.random.uint32() % count;
    for (let tried = 0; tried < count; tried++) {
      const port = first + ((start + tried) % count);
      if (!this.#open.has(port)) return port;
    }
    throw new EtherloomError('busy', `all UDP ports from ${first} on are open; close some`);
  }
}

function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 1 || port > 0xffff)
    throw new EtherloomError('bad-address', `${port} is not a UDP port; use 1 to 65535`);
}

function checkGroup(group: IpAddress): void {
  if (!isMulticast(group))
    throw new EtherloomError('bad-address', `${formatIp(group)} is not a group's address; use one of 224.0.0.0/4 or ff00::/8`);
}
