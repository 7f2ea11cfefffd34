import type { Clock } from '../../clock.ts';
import type { ClientLease } from '../../dhcp/client-lease.ts';
import { DhcpClient } from '../../dhcp/client.ts';
import { decodeAddress, decodeAddresses } from '../../dhcp/options.ts';
import type { Random } from '../../random.ts';
import { decodeArp, encodeArp, type Arp } from '../../wire/arp.ts';
import { decodeDhcp, dhcpPorts, encodeDhcp, optionCodes, type DhcpMessage } from '../../wire/dhcp.ts';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../wire/ethernet.ts';
import { decodeIcmpEcho, encodeIcmpEcho, type IcmpEcho } from '../../wire/icmp.ts';
import { decodeIpv4, encodeIpv4, ipProtocols, ipv4FromNumber, type Ipv4, type Ipv4Address } from '../../wire/ipv4.ts';
import { broadcastMac, isGroupMac, macFromNumber, type MacAddress } from '../../wire/mac.ts';
import { decodeUdp, encodeUdp } from '../../wire/udp.ts';
import { Neighbours } from './station-neighbours.ts';
import { Pinger } from './station-pinger.ts';

/** What a station is made of. */
export interface StationOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  /** Sends a frame; it is called inside and outside of breaths. */
  readonly send: (frame: Uint8Array) => void;
  /** Who is pinged, once a second while there is a lease. */
  readonly peers?: readonly Ipv4Address[];
  /** Called when a lease is there or has changed, and with undefined when it is gone. */
  readonly onLease: (lease: ClientLease | undefined) => void;
  /** What came of each ping: milliseconds of the round trip, or undefined without an answer within a second. */
  readonly onPing?: (peer: Ipv4Address, milliseconds: number | undefined) => void;
}

const unspecified = ipv4FromNumber(0);
const everybody = ipv4FromNumber(0xffff_ffff);
const unknownMac = macFromNumber(0);
/** Milliseconds until a DHCP message is said again: the wire is short. */
const firstRetry = 1000;

/** A host without a kernel: gets an address by DHCP, answers ARP and pings, and pings others. Frames in, frames out. */
export class Station implements Disposable {
  readonly #options: StationOptions;
  readonly #neighbours: Neighbours;
  readonly #dhcp: DhcpClient;
  #pinger: Pinger | undefined;
  #identification: number;

  constructor(options: StationOptions) {
    const { clock, random, mac } = options;
    this.#options = options;
    this.#identification = random.uint32() & 0xffff;
    this.#neighbours = new Neighbours({
      clock,
      ask: (address) => this.#sendArp(broadcastMac, { operation: 'request', targetMac: unknownMac, targetAddress: address }),
      send: (to, packet) => this.#sendFrame(to, etherTypes.ipv4, packet),
    });
    this.#dhcp = new DhcpClient({
      ...{ clock, random, mac, firstRetry },
      send: (message, to) => this.#sendDhcp(message, to),
      onLease: (lease) => this.#changeLease(lease),
    });
  }

  /** The lease; undefined while there is none. */
  get lease(): ClientLease | undefined {
    return this.#dhcp.lease;
  }

  /** A frame came in. It is not kept. */
  receive(frame: Uint8Array): void {
    const ethernet = decodeEthernet(frame);
    if (ethernet === undefined || isGroupMac(ethernet.source)) return;
    if (ethernet.destination !== this.#options.mac && ethernet.destination !== broadcastMac) return;
    if (ethernet.etherType === etherTypes.arp) this.#receiveArp(ethernet.payload);
    else if (ethernet.etherType === etherTypes.ipv4) this.#receiveIpv4(ethernet.payload, ethernet.source);
  }

  /** Says to everybody who has this address, so that switches and hosts find the way to it. [RFC 5227, 3] */
  announce(): void {
    if (this.lease === undefined) return;
    this.#sendArp(broadcastMac, { operation: 'request', targetMac: unknownMac, targetAddress: this.lease.address });
  }

  /** Stops without a word; the lease goes on. */
  [Symbol.dispose](): void {
    this.#pinger?.[Symbol.dispose]();
    this.#neighbours[Symbol.dispose]();
    this.#dhcp[Symbol.dispose]();
  }

  #changeLease(lease: ClientLease | undefined): void {
    const { clock, random, peers = [], onLease, onPing } = this.#options;
    onLease(lease);
    if (lease === undefined) {
      this.#pinger?.[Symbol.dispose]();
      this.#pinger = undefined;
      this.#neighbours.clear();
      return;
    }
    this.announce();
    this.#pinger ??= new Pinger({
      ...{ clock, peers, identifier: random.uint32() & 0xffff },
      send: (peer, echo) => this.#sendEcho(peer, echo),
      onResult: (peer, milliseconds) => onPing?.(peer, milliseconds),
    });
  }

  #receiveArp(payload: Uint8Array): void {
    const arp = decodeArp(payload);
    const address = this.lease?.address;
    if (arp === undefined || address === undefined || arp.senderMac === this.#options.mac) return;
    const { operation, senderAddress, senderMac, targetAddress } = arp;
    const forUs = targetAddress === address;
    if (senderAddress !== unspecified) this.#neighbours.learn(senderAddress, senderMac, forUs);
    if (!forUs || operation !== 'request') return;
    this.#sendArp(senderMac, { operation: 'reply', targetMac: senderMac, targetAddress: senderAddress });
  }

  #receiveIpv4(payload: Uint8Array, from: MacAddress): void {
    const packet = decodeIpv4(payload);
    // Nobody sends fragments to a station: it asks for nothing that would not fit in a frame.
    if (packet === undefined || packet.moreFragments || packet.fragmentOffset !== 0) return;
    if (packet.protocol === ipProtocols.udp) this.#receiveUdp(packet);
    else if (packet.protocol === ipProtocols.icmp) this.#receiveEcho(packet, from);
  }

  #receiveUdp({ source, destination, payload }: Ipv4): void {
    const udp = decodeUdp(payload, source, destination);
    const message = udp?.destinationPort === dhcpPorts.client ? decodeDhcp(udp.payload) : undefined;
    if (message !== undefined) this.#dhcp.receive(message);
  }

  #receiveEcho({ source, destination, payload }: Ipv4, from: MacAddress): void {
    const echo = destination === this.lease?.address ? decodeIcmpEcho(payload) : undefined;
    if (echo?.type === 'reply') this.#pinger?.receive(source, echo);
    if (echo?.type !== 'request' || source === unspecified) return;
    // Back to where it came from: nobody has to be asked for a way that has just been taken.
    const answer = this.#packet(source, ipProtocols.icmp, encodeIcmpEcho({ ...echo, type: 'reply' }));
    this.#sendFrame(from, etherTypes.ipv4, answer);
  }

  #sendEcho(peer: Ipv4Address, echo: IcmpEcho): void {
    const hop = this.#nextHop(peer);
    if (hop !== undefined) this.#neighbours.send(hop, this.#packet(peer, ipProtocols.icmp, encodeIcmpEcho(echo)));
  }

  #sendDhcp(message: DhcpMessage, to: Ipv4Address): void {
    const udp = { sourcePort: dhcpPorts.client, destinationPort: dhcpPorts.server, payload: encodeDhcp(message) };
    const packet = this.#packet(to, ipProtocols.udp, encodeUdp(udp, this.#source, to));
    if (to === everybody) this.#sendFrame(broadcastMac, etherTypes.ipv4, packet);
    else this.#neighbours.send(this.#nextHop(to) ?? to, packet);
  }

  /** The neighbour on the way to an address: itself when it is on the link, else a router; undefined when there is none. */
  #nextHop(address: Ipv4Address): Ipv4Address | undefined {
    const { lease } = this;
    if (lease === undefined) return undefined;
    const mask = decodeAddress(lease.options.get(optionCodes.subnetMask)) ?? everybody;
    if (((address ^ lease.address) & mask) === 0) return address;
    return decodeAddresses(lease.options.get(optionCodes.router))?.[0];
  }

  get #source(): Ipv4Address {
    return this.lease?.address ?? unspecified;
  }

  #packet(destination: Ipv4Address, protocol: number, payload: Uint8Array): Uint8Array {
    this.#identification = (this.#identification + 1) & 0xffff;
    return encodeIpv4({ source: this.#source, destination, protocol, payload, identification: this.#identification });
  }

  #sendArp(to: MacAddress, arp: Pick<Arp, 'operation' | 'targetMac' | 'targetAddress'>): void {
    const { mac } = this.#options;
    this.#sendFrame(to, etherTypes.arp, encodeArp({ ...arp, senderMac: mac, senderAddress: this.#source }));
  }

  #sendFrame(destination: MacAddress, etherType: number, payload: Uint8Array): void {
    this.#options.send(encodeEthernet({ destination, source: this.#options.mac, etherType, payload }));
  }
}
