import { EtherloomError } from '../errors.ts';
import type { Random } from '../random.ts';
import { minFrame } from '../wire/ethernet.ts';
import { formatIp, isIpv6, isMulticast, type IpAddress } from '../wire/ip.ts';
import { ipProtocols } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { readUint16 } from '../wire/octets.ts';
import type { Udp } from '../wire/udp.ts';
import { UdpGroups } from './udp-groups.ts';

/** A received datagram. */
export interface Datagram {
  readonly source: IpAddress;
  readonly sourcePort: number;
  /** An address of the host, a broadcast address or a group. */
  readonly destination: IpAddress;
  /** The sender of the frame: the source, or a router on the way from it. */
  readonly via: MacAddress;
  /** Borrowed: its octets are valid until the call returns. */
  readonly payload: Uint8Array;
}

/** Called with each datagram for a port. */
export type UdpReceiver = (datagram: Datagram) => void;

/**
 * Called when a datagram to `host` and `port` was refused. With `mtu`, a router reports that it was too long; `mtu` is the longest packet
 * that the path allows, in octets. Without `mtu`, the host reports that the port is closed.
 */
export type UdpRefusal = (host: IpAddress, port: number, mtu?: number) => void;

/** The options of a socket. */
export interface UdpOptions {
  /** The address to bind to: one of the host's, for receiving and sending, or a group's, for receiving only. All addresses by default. */
  readonly address?: IpAddress;
  /** True to forbid fragmentation; false by default. */
  readonly dontFragment?: boolean;
  /** The number of hops for datagrams to groups; 1 by default. */
  readonly multicastTtl?: number;
  /** True to deliver packets to a group also to this host, if it is a member; true by default. */
  readonly multicastLoopback?: boolean;
}

interface Listener extends UdpOptions {
  readonly receive: UdpReceiver;
  readonly refused: UdpRefusal | undefined;
  readonly groups: Set<IpAddress>;
}

/** An open port of a host. Disposing it closes the port. */
export interface UdpSocket extends Disposable {
  readonly port: number;
  /**
   * Sends a datagram from this port. Has no effect once the port is closed. Throws EtherloomError: `bad-option` if the datagram does not
   * fit in a packet, or exceeds the path's MTU and fragmentation is forbidden; `bad-address` for an invalid port number.
   */
  send(to: IpAddress, port: number, payload: Uint8Array): void;
  /** Joins a group, so that datagrams to it are received. Throws EtherloomError('bad-address') for an address that is not a group. */
  join(group: IpAddress): void;
  /** Leaves a group. */
  leave(group: IpAddress): void;
}

/** The callbacks of a host's sockets. */
export interface UdpSocketsOptions {
  readonly random: Random;
  /** Returns the MTU of the path to an address, in octets. */
  readonly mtuTo: (address: IpAddress) => number;
  readonly send: (to: IpAddress, udp: Udp, options: UdpOptions) => void;
}

/** The ports to choose from if none is given. [RFC 6335, 6] */
const ephemeral = { first: 49_152, count: 16_384 };
const udpHeader = 8;
const [ipv4Header, ipv6Header] = [20, 40];

/** The open UDP ports of a host. [RFC 1122, 4.1] */
export class UdpSockets {
  /** The groups that any socket has joined. */
  readonly groups = new UdpGroups();
  readonly #options: UdpSocketsOptions;
  readonly #open = new Map<number, Listener>();

  constructor(options: UdpSocketsOptions) {
    this.#options = options;
  }

  /**
   * Opens a port, or a free one. Throws EtherloomError: `busy` if the port is already open or none is free; `bad-address` for an invalid
   * port number.
   */
  open(wanted: number | undefined, receive: UdpReceiver, refused?: UdpRefusal, options: UdpOptions = {}): UdpSocket {
    const port = wanted ?? this.#freePort();
    checkPort(port);
    if (this.#open.has(port)) throw new EtherloomError('busy', `UDP port ${port} is already open; close it first, or choose another one`);
    // A new object for each port, since two ports may be opened with the same function.
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

  /** Returns whether the IPv4 packet in a frame may be for an open port. A quick check without decoding. */
  hears(frame: Uint8Array): boolean {
    if (this.#open.size === 0 || frame[minFrame + 9] !== ipProtocols.udp) return false;
    // Only the first fragment has the ports.
    if ((readUint16(frame, minFrame + 6) & 0x1fff) !== 0) return true;
    const headerLength = ((frame[minFrame] ?? 0) & 0xf) * 4;
    return this.#open.has(readUint16(frame, minFrame + headerLength + 2));
  }

  /** Receives a datagram for this host. Returns false if no socket takes it. */
  receive(port: number, datagram: Datagram): boolean {
    const listener = this.#open.get(port);
    if (listener === undefined) return false;
    const { destination } = datagram;
    if (listener.address !== undefined && listener.address !== destination) return false;
    if (isMulticast(destination) && !listener.groups.has(destination)) return false;
    listener.receive(datagram);
    return true;
  }

  /** Handles a report that a datagram was refused. `start` is the beginning of the datagram; its ports identify the socket that sent it. */
  refuse(destination: IpAddress, start: Uint8Array, mtu?: number): void {
    this.#open.get(readUint16(start, 0))?.refused?.(destination, readUint16(start, 2), mtu);
  }

  #send(to: IpAddress, udp: Udp, options: UdpOptions): void {
    // A datagram from a sender that expects no reply may have source port 0. A reply sent to port 0 does no harm.
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
