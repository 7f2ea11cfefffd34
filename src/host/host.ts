import type { Clock } from '../clock.ts';
import type { ClientLease } from '../dhcp/client-lease.ts';
import type { DhcpClient } from '../dhcp/client.ts';
import { EtherloomError } from '../errors.ts';
import type { Random } from '../random.ts';
import { isDoubleTagged, isPriorityTagged, removeTag } from '../wire/dot1q.ts';
import { destinationOf, etherTypeOf, etherTypes, hasGroupSource, minFrame } from '../wire/ethernet.ts';
import { formatIp, isIpv6, isMulticast, type IpAddress } from '../wire/ip.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { linkLocalOf, type Ipv6Address } from '../wire/ipv6.ts';
import { broadcastMac, type MacAddress } from '../wire/mac.ts';
import type { Udp } from '../wire/udp.ts';
import type { ArpTable } from './arp-table.ts';
import { HostDhcp, type HostDhcpOptions } from './host-dhcp.ts';
import type { Ipv4Configuration, Ipv4Interface } from './ipv4-interface.ts';
import { Ipv4Transport } from './ipv4-transport.ts';
import type { Ipv6Configuration } from './ipv6-interface.ts';
import { Ipv6Transport } from './ipv6-transport.ts';
import { configurationOf } from './lease-configuration.ts';
import type { NeighbourCache } from './neighbour-cache.ts';
import { PathMtus } from './path-mtus.ts';
import { checkEcho, Pings, type Echo, type PingOptions, type PingResult } from './pings.ts';
import type { Senders } from './senders.ts';
import { UdpSockets, type UdpOptions, type UdpReceiver, type UdpRefusal, type UdpSocket } from './udp-sockets.ts';
import { Unreachables } from './unreachables.ts';

/** The options of a host. */
export interface HostOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  /**
   * Sends a frame. May be called during `receive` and at any later time, but not before the constructor has returned. Each frame is a new
   * array.
   */
  readonly send: (frame: Uint8Array) => void;
  /** The address at the start. */
  readonly ipv4?: Ipv4Configuration;
  /** True for a link-local IPv6 address, made from the MAC address. A configuration adds another address. False by default. */
  readonly ipv6?: boolean | Ipv6Configuration;
  /** True, or options, to request an address by DHCP; false by default. A lease replaces `ipv4`. */
  readonly dhcp?: boolean | HostDhcpOptions;
  /** The MTU of the link: the largest packet that the host sends, in octets; 1,500 by default. */
  readonly mtu?: number;
  /** Called when a lease is granted or changes, and with undefined when it ends. The address has been set or removed by then. */
  readonly onLease?: (lease: ClientLease | undefined) => void;
  /**
   * Called when the neighbour `mac` also uses our `address`. The host declines a leased address, defends a configured one, and does not use
   * an IPv6 one.
   */
  readonly onConflict?: (mac: MacAddress, address: IpAddress) => void;
}

const defaultMtu = 1500;

/**
 * A host's network stack without a kernel: frames in, frames out. It answers for its addresses, answers pings and pings others, gets a
 * lease, and has UDP ports, over IPv4 and IPv6. [RFC 1122; RFC 8504]
 */
export class Host implements Disposable {
  readonly #options: HostOptions;
  readonly #senders: Senders;
  readonly #ipv4: Ipv4Transport;
  /** The interface of `#ipv4`, kept here so that ARP frames for other hosts reach it quickly. */
  readonly #link4: Ipv4Interface;
  readonly #ipv6: Ipv6Transport | undefined;
  #dhcp: HostDhcp | undefined;
  #up = true;
  #disposed = false;

  constructor(options: HostOptions) {
    const { clock, random, mac, mtu = defaultMtu } = options;
    this.#options = options;
    const paths = new PathMtus(clock, mtu);
    const sendUdp = (to: IpAddress, udp: Udp, how: UdpOptions): void => this.#sendUdp(to, udp, how);
    const pings = new Pings<IpAddress>(clock, random.uint32() & 0xffff);
    const udp = new UdpSockets({ random, mtuTo: (address) => paths.to(address), send: sendUdp });
    this.#senders = { paths, pings, udp, unreachables: new Unreachables(clock) };
    const surroundings = { clock, random, mac, send: (frame: Uint8Array) => this.#send(frame) };
    this.#ipv4 = new Ipv4Transport(
      {
        ...surroundings,
        isForAnybody: (packet) => this.#dhcp !== undefined && HostDhcp.isFor(packet),
        onConflict: (other, address) => this.#yield(other, address),
      },
      this.#senders,
    );
    this.#link4 = this.#ipv4.interface;
    const { ipv4, ipv6 = false, dhcp = false, onConflict } = options;
    if (ipv6 !== false) {
      const configuration = ipv6 === true ? undefined : ipv6;
      this.#ipv6 = new Ipv6Transport(
        { ...surroundings, configuration, onDuplicate: (other, address) => onConflict?.(other, address) },
        this.#senders,
      );
    }
    if (ipv4) this.#ipv4.interface.configure(ipv4);
    if (dhcp !== false) this.startDhcp();
  }

  /** The IPv4 address; undefined while there is none. */
  get address(): Ipv4Address | undefined {
    return this.#ipv4.address;
  }

  /** The IPv4 address with its network and router; undefined while there is none. */
  get ipv4(): Ipv4Configuration | undefined {
    return this.#ipv4.interface.configuration;
  }

  /** The neighbours known by their IPv4 addresses. */
  get arp(): ArpTable {
    return this.#ipv4.interface.arp;
  }

  /** The link-local IPv6 address. Undefined without IPv6, until the address is known to be unique, and if another host has it. */
  get linkLocal(): Ipv6Address | undefined {
    return this.#ipv6?.interface.linkLocal;
  }

  /** The configured IPv6 address. Undefined without one, until it is known to be unique, and if another host has it. */
  get address6(): Ipv6Address | undefined {
    return this.#ipv6?.interface.address;
  }

  /** The configured IPv6 address with its network and router, even before it is known to be unique; undefined if none was configured. */
  get ipv6(): Ipv6Configuration | undefined {
    const { ipv6 } = this.#options;
    return typeof ipv6 === 'object' ? ipv6 : undefined;
  }

  /** The neighbours known by their IPv6 addresses; undefined without IPv6. */
  get neighbours6(): NeighbourCache<Ipv6Address> | undefined {
    return this.#ipv6?.interface.discovery.neighbours;
  }

  /** The DHCP client, with its state and lease; undefined before `startDhcp` and after `release`. */
  get dhcp(): DhcpClient | undefined {
    return this.#dhcp?.client;
  }

  /**
   * Receives a frame, which is borrowed and not kept. For a frame to another host, only the header is read and nothing is allocated. A
   * priority tag (VLAN 0) is skipped. [IEEE 802.1Q, 6.9.1]
   */
  receive(frame: Uint8Array): void {
    if (frame.length < minFrame || hasGroupSource(frame) || this.#disposed) return;
    const etherType = etherTypeOf(frame);
    if (etherType === etherTypes.dot1q) {
      if (isPriorityTagged(frame) && !isDoubleTagged(frame)) this.receive(removeTag(frame));
      return;
    }
    if (etherType === etherTypes.ipv6) {
      this.#ipv6?.interface.receive(frame);
      return;
    }
    const destination = destinationOf(frame);
    if (etherType === etherTypes.arp) {
      if (destination === broadcastMac || destination === this.#options.mac) this.#link4.receiveArp(frame);
    } else if (etherType === etherTypes.ipv4) {
      if (destination === this.#options.mac) this.#ipv4.receive(frame, false);
      else if (this.#hearsMany(destination, frame)) this.#ipv4.receive(frame, true);
    }
  }

  /**
   * Sets whether the link is connected; initially it is. When the link goes down, the host forgets all neighbours, as a kernel does. When
   * the link comes back, the host announces itself, and its DHCP client asks whether its address is valid on this link.
   */
  carrier(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    this.#ipv4.interface.carrier(up);
    this.#ipv6?.interface.carrier(up);
    if (!up) {
      this.#senders.paths.clear();
      return;
    }
    this.announce();
    this.#dhcp?.client.reboot();
  }

  /** Announces the host's addresses to all stations, so that switches and hosts learn where it is. Has no effect without an address. */
  announce(): void {
    this.#ipv4.interface.announce();
    this.#ipv6?.interface.discovery.announce();
  }

  /** Returns the MTU of the path to an address, in octets, as far as routers on it have reported one. */
  pathMtu(to: IpAddress): number {
    return this.#senders.paths.to(to);
  }

  /**
   * Sends one echo request, and calls `result` with the outcome. Disposing the returned value cancels it: `result` is not called. Throws
   * EtherloomError: `busy` if 1,024 are pending, `bad-option` if it is too long.
   */
  ping(to: IpAddress, result: PingResult, options: PingOptions = {}): Disposable {
    checkEcho(to, options, this.pathMtu(to));
    return this.#senders.pings.ask(to, (echo) => this.#sendEcho(to, echo, options.dontFragment), result, options);
  }

  /**
   * Opens a UDP port, or a free one if `port` is undefined. Throws EtherloomError: `busy` if the port is already open; `bad-address` for an
   * invalid port number, or an address that is neither a group nor one of this host's.
   */
  udp(port: number | undefined, receive: UdpReceiver, refused?: UdpRefusal, options: UdpOptions = {}): UdpSocket {
    const { address } = options;
    if (address !== undefined && !isMulticast(address) && !this.#has(address)) {
      throw new EtherloomError(
        'bad-address',
        `${formatIp(address)} is not an address of this host; use one of its addresses, or leave it out for all of them`,
      );
    }
    return this.#senders.udp.open(port, receive, refused, options);
  }

  /** Starts the DHCP client. Has no effect if it is already running. Throws EtherloomError('busy') if port 68 is open. */
  startDhcp(): void {
    if (this.#dhcp !== undefined || this.#disposed) return;
    const { clock, random, mac, dhcp } = this.#options;
    this.#dhcp = new HostDhcp(typeof dhcp === 'object' ? dhcp : {}, {
      clock,
      random,
      mac,
      udp: this.#senders.udp,
      ipv4: this.#ipv4,
      onLease: (lease) => this.#changeLease(lease),
    });
  }

  /** Releases the lease and stops the DHCP client. */
  release(): void {
    this.#dhcp?.client.release();
    this.#endDhcp();
  }

  /** Stops the host without sending anything; a lease remains valid. Callbacks are no longer called. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#endDhcp();
    this.#senders.pings[Symbol.dispose]();
    this.#ipv4[Symbol.dispose]();
    this.#ipv6?.[Symbol.dispose]();
  }

  /** Returns whether a broadcast or multicast frame may be for an open port of this host. */
  #hearsMany(destination: MacAddress, frame: Uint8Array): boolean {
    const { udp } = this.#senders;
    return (destination === broadcastMac || udp.groups.hasMac(destination)) && udp.hears(frame);
  }

  #endDhcp(): void {
    this.#dhcp?.[Symbol.dispose]();
    this.#dhcp = undefined;
  }

  #changeLease(lease: ClientLease | undefined): void {
    this.#ipv4.interface.configure(lease && configurationOf(lease));
    this.#options.onLease?.(lease);
  }

  /** Gives up our address to another host that had it first, or that insists on it. */
  #yield(mac: MacAddress, address: Ipv4Address): void {
    this.#options.onConflict?.(mac, address);
    this.#dhcp?.client.decline();
  }

  /** Returns whether an address is one of ours, even if it is not known to be unique yet. */
  #has(address: IpAddress): boolean {
    if (!isIpv6(address)) return address === this.address;
    const { mac, ipv6 = false } = this.#options;
    return ipv6 !== false && (address === linkLocalOf(mac) || (ipv6 !== true && address === ipv6.address));
  }

  #sendEcho(to: IpAddress, echo: Echo, dontFragment?: boolean): void {
    if (isIpv6(to)) this.#ipv6?.sendEcho(to, echo);
    else this.#ipv4.sendEcho(to, echo, dontFragment);
  }

  #sendUdp(to: IpAddress, udp: Udp, how: UdpOptions): void {
    if (isIpv6(to)) this.#ipv6?.sendUdp(to, udp, how);
    else this.#ipv4.sendUdp(to, udp, how);
  }

  #send(frame: Uint8Array): void {
    if (!this.#disposed) this.#options.send(frame);
  }
}
