import type { Clock } from '../clock.ts';
import type { ClientLease } from '../dhcp/client-lease.ts';
import { DhcpClient, type DhcpClientOptions } from '../dhcp/client.ts';
import type { Random } from '../random.ts';
import { decodeDhcp, dhcpPorts, encodeDhcp, messageTypeOf, messageTypes, type DhcpMessage } from '../wire/dhcp.ts';
import { isDoubleTagged, isPriorityTagged, removeTag } from '../wire/dot1q.ts';
import { destinationOf, etherTypeOf, etherTypes, hasGroupSource, minFrame, sourceOf } from '../wire/ethernet.ts';
import { decodeIcmpEcho, decodeIcmpUnreachable, encodeIcmpEcho } from '../wire/icmp.ts';
import { decodeIpv4, ipProtocols, type Ipv4, type Ipv4Address } from '../wire/ipv4.ts';
import { broadcastMac, type MacAddress } from '../wire/mac.ts';
import { decodeUdp, encodeUdp, type Udp } from '../wire/udp.ts';
import type { ArpTable } from './arp-table.ts';
import { Ipv4Interface, unspecified, type Ipv4Configuration } from './ipv4-interface.ts';
import type { Ipv6Address } from '../wire/ipv6.ts';
import { Ipv6Interface } from './ipv6-interface.ts';
import { configurationOf } from './lease-configuration.ts';
import type { NeighbourCache } from './neighbour-cache.ts';
import { checkEcho, Pings, type Echo, type PingOptions, type PingResult } from './pings.ts';
import { UdpSockets, type UdpReceiver, type UdpRefusal, type UdpSocket } from './udp-sockets.ts';
import { Unreachables } from './unreachables.ts';

/** How a host's DHCP client is, where it differs from any. */
export type HostDhcpOptions = Omit<DhcpClientOptions, 'clock' | 'random' | 'mac' | 'send' | 'onLease'>;

/** What a host is made of. */
export interface HostOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  /** Sends a frame; it is called inside and outside of `receive`, but not before the constructor has returned. Each frame is a new one. */
  readonly send: (frame: Uint8Array) => void;
  /** An address that it has from the beginning. */
  readonly ipv4?: Ipv4Configuration;
  /** Whether it has a link-local IPv6 address, made of its MAC address; false by default. */
  readonly ipv6?: boolean;
  /** Whether it asks for an address by DHCP; false by default. A lease takes the place of `ipv4`. */
  readonly dhcp?: boolean | HostDhcpOptions;
  /** The largest packet that it sends by itself, in octets; 1,500 by default. */
  readonly mtu?: number;
  /** Called when a lease is there or has changed, and with undefined when it is gone; the address is set, or gone, by then. */
  readonly onLease?: (lease: ClientLease | undefined) => void;
  /** That neighbour uses an address of ours too. A lease is declined; an address that was given stays, and is defended; IPv6 ends. */
  readonly onConflict?: (mac: MacAddress) => void;
}

const ipAndUdpHeaders = 28;
const defaultMtu = 1500;

/**
 * A host's network stack without a kernel: frames in, frames out. It answers for its address, answers pings and pings others, gets a lease,
 * and has UDP ports. [RFC 1122]
 */
export class Host implements Disposable {
  readonly #options: HostOptions;
  readonly #ipv4: Ipv4Interface;
  readonly #udp: UdpSockets;
  readonly #ipv6: Ipv6Interface | undefined;
  readonly #pings: Pings<Ipv4Address | Ipv6Address>;
  readonly #unreachables: Unreachables;
  #dhcp: DhcpClient | undefined;
  #dhcpSocket: UdpSocket | undefined;
  /** The neighbour that DHCP's answers come from. */
  #dhcpVia: MacAddress | undefined;
  #up = true;
  #disposed = false;

  constructor(options: HostOptions) {
    const { clock, random, mac, mtu = defaultMtu } = options;
    this.#options = options;
    this.#pings = new Pings(clock, random.uint32() & 0xffff);
    this.#udp = new UdpSockets({ random, maxPayload: mtu - ipAndUdpHeaders, send: (to, udp) => this.#sendUdp(to, udp) });
    this.#unreachables = new Unreachables(clock);
    this.#ipv4 = new Ipv4Interface({
      ...{ clock, random, mac, mtu },
      send: (frame) => this.#send(frame),
      loop: (packet) => clock.defer(() => this.#receiveOwn(packet)),
      onConflict: (other) => this.#yield(other),
    });
    this.#ipv6 = options.ipv6 === true ? this.#openIpv6() : undefined;
    if (options.ipv4) this.#ipv4.configure(options.ipv4);
    if (options.dhcp !== undefined && options.dhcp !== false) this.startDhcp();
  }

  /** The IPv4 address; undefined while there is none. */
  get address(): Ipv4Address | undefined {
    return this.#ipv4.configuration?.address;
  }

  /** The IPv4 address with its network and router; undefined while there is none. */
  get ipv4(): Ipv4Configuration | undefined {
    return this.#ipv4.configuration;
  }

  /** Which neighbours are known by their IPv4 addresses. */
  get arp(): ArpTable {
    return this.#ipv4.arp;
  }

  /** The link-local IPv6 address; undefined without IPv6, until it is known that nobody else has it, and when somebody has. */
  get linkLocal(): Ipv6Address | undefined {
    return this.#ipv6?.state === 'preferred' ? this.#ipv6.address : undefined;
  }

  /** Which neighbours are known by their IPv6 addresses; undefined without IPv6. */
  get neighbours6(): NeighbourCache<Ipv6Address> | undefined {
    return this.#ipv6?.neighbours;
  }

  /** The DHCP client, with its state and lease; undefined before `startDhcp` and after `release`. */
  get dhcp(): DhcpClient | undefined {
    return this.#dhcp;
  }

  /**
   * Receives a frame. It is borrowed, and not kept. One that is not for this host costs a look at its header, and nothing is made of it. A
   * priority tag, that of VLAN 0, is skipped. [IEEE 802.1Q, 6.9.1]
   */
  receive(frame: Uint8Array): void {
    if (frame.length < minFrame || hasGroupSource(frame) || this.#disposed) return;
    const etherType = etherTypeOf(frame);
    if (etherType === etherTypes.dot1q) {
      if (isPriorityTagged(frame) && !isDoubleTagged(frame)) this.receive(removeTag(frame));
      return;
    }
    if (etherType === etherTypes.ipv6) {
      this.#ipv6?.receive(frame);
      return;
    }
    const destination = destinationOf(frame);
    const toAll = destination === broadcastMac;
    if (!toAll && destination !== this.#options.mac) return;
    if (etherType === etherTypes.arp) this.#ipv4.receiveArp(frame);
    else if (etherType === etherTypes.ipv4 && (!toAll || this.#udp.hears(frame))) this.#receiveIpv4(frame, toAll);
  }

  /**
   * The link is lost, or back; at first it is there. With it all neighbours are forgotten, as a kernel does. With the link back the host
   * announces itself, and its DHCP client asks whether the address is good here.
   */
  carrier(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    this.#ipv4.carrier(up);
    this.#ipv6?.carrier(up);
    if (!up) return;
    this.announce();
    this.#dhcp?.reboot();
  }

  /** Says to everybody who has this address, so that switches and hosts find the way to it. Nothing happens without one. */
  announce(): void {
    this.#ipv4.announce();
    this.#ipv6?.announce();
  }

  /**
   * Sends one echo request, and tells what became of it. Disposing what is returned ends the waiting, without a result. Throws
   * EtherloomError: `busy` when 1,024 are under way, `bad-option` when it is too long.
   */
  ping(to: Ipv4Address | Ipv6Address, result: PingResult, options: PingOptions = {}): Disposable {
    checkEcho(to, options, this.#options.mtu ?? defaultMtu);
    return this.#pings.ask(to, (echo) => this.#sendEcho(to, echo, options.dontFragment), result, options);
  }

  /**
   * Opens a UDP port, or one that is free where none is named. Throws EtherloomError: `busy` when it is open already, `bad-address` for a
   * number that is no port.
   */
  udp(port: number | undefined, receive: UdpReceiver, refused?: UdpRefusal): UdpSocket {
    return this.#udp.open(port, receive, refused);
  }

  /** Begins to ask for a lease. Nothing changes when it has begun already. Throws EtherloomError('busy') when port 68 is open. */
  startDhcp(): void {
    if (this.#dhcp !== undefined || this.#disposed) return;
    const { clock, random, mac, dhcp } = this.#options;
    this.#dhcpSocket = this.#udp.open(dhcpPorts.client, ({ payload, via }) => {
      this.#dhcpVia = via;
      const message = decodeDhcp(payload);
      if (message !== undefined) this.#dhcp?.receive(message);
    });
    this.#dhcp = new DhcpClient({
      ...(typeof dhcp === 'object' ? dhcp : {}),
      ...{ clock, random, mac },
      send: (message, to) => this.#sendDhcp(message, to),
      onLease: (lease) => this.#changeLease(lease),
    });
  }

  /** Gives the lease back, and asks for no other. */
  release(): void {
    this.#dhcp?.release();
    this.#endDhcp();
  }

  /** Stops without a word; a lease goes on. Nobody is told anything any more. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#endDhcp();
    this.#pings[Symbol.dispose]();
    this.#ipv4[Symbol.dispose]();
    this.#ipv6?.[Symbol.dispose]();
  }

  #openIpv6(): Ipv6Interface {
    const { clock, mac, onConflict } = this.#options;
    return new Ipv6Interface({
      ...{ clock, mac },
      send: (frame) => this.#send(frame),
      onEchoReply: (source, echo) => this.#pings.receive(source, echo),
      onDuplicate: (other) => onConflict?.(other),
    });
  }

  #endDhcp(): void {
    this.#dhcp?.[Symbol.dispose]();
    this.#dhcpSocket?.[Symbol.dispose]();
    this.#dhcp = undefined;
    this.#dhcpSocket = undefined;
  }

  #changeLease(lease: ClientLease | undefined): void {
    this.#ipv4.configure(lease && configurationOf(lease));
    this.#options.onLease?.(lease);
  }

  /** Somebody else has our address, and had it first or does not leave it to us. */
  #yield(mac: MacAddress): void {
    this.#options.onConflict?.(mac);
    this.#dhcp?.decline();
  }

  #receiveIpv4(frame: Uint8Array, toGroup: boolean): void {
    const packet = this.#ipv4.decode(frame);
    if (packet === undefined) return;
    const toAll = this.#ipv4.isBroadcast(packet.destination);
    // What the link brings to all is for all, or it is a way to get around filters. [RFC 1122, 3.3.6]
    if (toGroup && !toAll && !this.#isOfDhcp(packet)) return;
    this.#take(packet, sourceOf(frame), toAll);
  }

  #receiveOwn(octets: Uint8Array): void {
    const packet = decodeIpv4(octets);
    if (packet !== undefined) this.#take(packet, this.#options.mac, false);
  }

  #take(packet: Ipv4, via: MacAddress, toAll: boolean): void {
    const isOurs = packet.destination === this.address;
    if (packet.protocol === ipProtocols.udp && (isOurs || toAll || this.#isOfDhcp(packet))) this.#receiveUdp(packet, via);
    else if (packet.protocol === ipProtocols.icmp && isOurs) this.#receiveIcmp(packet, via);
  }

  /** A client that has no address yet is sent what is for the one that it will have. [RFC 2131, 4.1] */
  #isOfDhcp({ payload }: Ipv4): boolean {
    return this.#dhcp !== undefined && payload[2] === 0 && payload[3] === dhcpPorts.client;
  }

  #receiveUdp(packet: Ipv4, via: MacAddress): void {
    const { source, destination, payload } = packet;
    const udp = decodeUdp(payload, source, destination);
    if (udp === undefined) return;
    const isHeard = this.#udp.receive(udp.destinationPort, { ...udp, source, destination, via });
    // What was for all is refused by nobody. [RFC 1122, 3.2.2]
    const refusal = isHeard || destination !== this.address ? undefined : this.#unreachables.portOf(packet);
    if (refusal) this.#ipv4.answer(via, source, ipProtocols.icmp, refusal);
  }

  #receiveIcmp({ source, payload }: Ipv4, via: MacAddress): void {
    const echo = decodeIcmpEcho(payload);
    if (echo?.type === 'reply') this.#pings.receive(source, echo);
    if (echo === undefined) this.#hearUnreachable(payload);
    if (echo?.type === 'request') this.#ipv4.answer(via, source, ipProtocols.icmp, encodeIcmpEcho({ ...echo, type: 'reply' }));
  }

  /** Only what we have sent ourselves can be refused. */
  #hearUnreachable(message: Uint8Array): void {
    const told = decodeIcmpUnreachable(message);
    if (told && told.source === this.address) this.#udp.refuse(told);
  }

  #sendEcho(to: Ipv4Address | Ipv6Address, echo: Echo, dontFragment = false): void {
    if (typeof to === 'bigint') this.#ipv6?.sendEcho(to, echo);
    else this.#ipv4.send(to, ipProtocols.icmp, encodeIcmpEcho({ ...echo, type: 'request' }), dontFragment);
  }

  #sendUdp(to: Ipv4Address, udp: Udp): void {
    this.#ipv4.send(to, ipProtocols.udp, encodeUdp(udp, this.address ?? unspecified, to));
  }

  #sendDhcp(message: DhcpMessage, to: Ipv4Address): void {
    const udp = { sourcePort: dhcpPorts.client, destinationPort: dhcpPorts.server, payload: encodeDhcp(message) };
    // Nothing waits for an answer of a neighbour when the address goes: the RELEASE takes the way that the lease came by.
    if (this.#dhcpVia === undefined || messageTypeOf(message) !== messageTypes.release) this.#sendUdp(to, udp);
    else this.#ipv4.answer(this.#dhcpVia, to, ipProtocols.udp, encodeUdp(udp, this.address ?? unspecified, to));
  }

  #send(frame: Uint8Array): void {
    if (!this.#disposed) this.#options.send(frame);
  }
}
