import type { Clock, Timer } from '../clock.ts';
import type { Random } from '../random.ts';
import { decodeArp, encodeArp, type Arp } from '../wire/arp.ts';
import { encodeEthernet, etherTypes, minFrame } from '../wire/ethernet.ts';
import {
  broadcastOf,
  contains,
  decodeIpv4,
  encodeIpv4,
  limitedBroadcast,
  multicastMacOfIpv4,
  readIpv4,
  unspecifiedIpv4,
  type Ipv4,
  type Ipv4Address,
  type Ipv4Network,
} from '../wire/ipv4.ts';
import { broadcastMac, macFromNumber, type MacAddress } from '../wire/mac.ts';
import { readUint32 } from '../wire/octets.ts';
import { ArpTable } from './arp-table.ts';
import { fragmentsOf, Ipv4Reassembly, type OwnPacket } from './ipv4-fragments.ts';

/** The address of a host, its network and its router. */
export interface Ipv4Configuration {
  readonly address: Ipv4Address;
  /** The network whose addresses are on the link. */
  readonly network: Ipv4Network;
  /** The router to all other networks. Without one, they cannot be reached. */
  readonly router?: Ipv4Address | undefined;
}

/** The options of an interface. */
export interface Ipv4InterfaceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  /** Returns the longest packet to an address, in octets: longer ones are sent in fragments. */
  readonly mtuTo: (address: Ipv4Address) => number;
  /** Returns whether packets to a group are for this host. */
  readonly isMember: (group: Ipv4Address) => boolean;
  readonly send: (frame: Uint8Array) => void;
  /** Called with each packet that this host sends to itself. */
  readonly loop: (packet: Uint8Array) => void;
  /** Called when the neighbour `mac` also uses our `address` and does not give it up. */
  readonly onConflict: (mac: MacAddress, address: Ipv4Address) => void;
}

/** The options of a sent packet. */
export interface Ipv4Sending {
  /** True to forbid fragmentation; false by default. */
  readonly dontFragment?: boolean;
  /** The hop limit; 64 by default, and 1 for groups. [RFC 1112, 6.1] */
  readonly ttl?: number;
  /** True to deliver the packet to this host too, if it is a member of the group; false by default. */
  readonly loopback?: boolean;
}

/** `0.0.0.0`, the source address of a host that has no address yet. */
const unknownMac = macFromNumber(0);
/** Offsets of the addresses in an ARP frame that decide whether it is for us. */
const arpAt = { senderMac: minFrame + 8, sender: minFrame + 14, target: minFrame + 24, end: minFrame + 28 };
/** The first four octets of ARP packets that are for us. [RFC 826] */
const ethernetAndIpv4 = 0x0001_0000 + etherTypes.ipv4;
/** Milliseconds after an address was set. A claim received in this time means that another host had the address first. */
const probeTime = 1000;
/** The least time between two defences of an address, in milliseconds. [RFC 5227, 1.1, DEFEND_INTERVAL] */
const defendInterval = 10_000;

/** IPv4 on one link: the address, its announcement and defence, and the next hops to other hosts. [RFC 826; RFC 1122; RFC 5227] */
export class Ipv4Interface implements Disposable {
  readonly arp: ArpTable;
  readonly #reassembly: Ipv4Reassembly;
  readonly #options: Ipv4InterfaceOptions;
  #configuration: Ipv4Configuration | undefined;
  /** The address as the number that is compared with octets of frames; 0 if there is none. */
  #own = 0;
  #since = 0;
  #introduction: Timer | undefined;
  #defended = -Infinity;
  #identification: number;
  #up = true;

  constructor(options: Ipv4InterfaceOptions) {
    this.#options = options;
    this.#reassembly = new Ipv4Reassembly(options.clock);
    this.#identification = options.random.uint32() & 0xffff;
    this.arp = new ArpTable({
      clock: options.clock,
      ask: (address) => this.#sendArp(broadcastMac, { operation: 'request', targetMac: unknownMac, targetAddress: address }),
      send: (to, packet) => this.#sendFrame(to, etherTypes.ipv4, packet),
    });
  }

  /** The address with its network and router; undefined while there is none. */
  get configuration(): Ipv4Configuration | undefined {
    return this.#configuration;
  }

  /**
   * Sets or removes the address. A new address is used at once. It is announced and probed right after this call returns. A second of
   * silence before its use would be safer. [RFC 5227, 2.1]
   */
  configure(configuration: Ipv4Configuration | undefined): void {
    const before = this.#configuration?.address;
    this.#configuration = configuration;
    if (configuration?.address === before) return;
    this.#own = configuration?.address ?? unspecifiedIpv4;
    this.arp.clear();
    this.#introduction?.[Symbol.dispose]();
    // Deferred, because the owner may not have the host yet.
    if (configuration !== undefined) this.#introduction = this.#options.clock.after(0, () => this.#introduce(configuration.address));
  }

  /** Announces this address to all stations, so that switches and hosts learn where it is. [RFC 5227, 3] */
  announce(): void {
    const address = this.#configuration?.address;
    if (address !== undefined) this.#sendArp(broadcastMac, { operation: 'request', targetMac: unknownMac, targetAddress: address });
  }

  /**
   * Sets whether the link is connected. When it goes down, the host stops sending and forgets its neighbours, since other hosts may have
   * their addresses later.
   */
  carrier(up: boolean): void {
    this.#up = up;
    if (!up) this.arp.clear();
  }

  /** Receives an ARP frame. A frame that does not concern this host is recognised at almost no cost. */
  receiveArp(frame: Uint8Array): void {
    if (this.#own === 0 || frame.length < arpAt.end) return;
    const sender = readIpv4(frame, arpAt.sender);
    const isForUs = readIpv4(frame, arpAt.target) === this.#own;
    if (!isForUs && sender !== this.#own) {
      if (readUint32(frame, minFrame) === ethernetAndIpv4) this.arp.refresh(sender, frame, arpAt.senderMac);
      return;
    }
    const arp = decodeArp(frame.subarray(minFrame));
    if (arp === undefined || arp.senderMac === this.#options.mac) return;
    if (sender === this.#own) this.#contest(arp.senderMac, sender);
    else this.#learn(arp, isForUs);
  }

  /**
   * Returns the IPv4 packet in a frame if it is complete and its source is a single host. For the last missing fragment of a packet to us,
   * returns the reassembled packet.
   */
  decode(frame: Uint8Array): Ipv4 | undefined {
    const packet = decodeIpv4(frame.subarray(minFrame));
    if (packet === undefined || !isOfOneHost(packet.source) || this.isBroadcast(packet.source)) return undefined;
    if (!packet.moreFragments && packet.fragmentOffset === 0) return packet;
    const { destination } = packet;
    const isForUs = destination === this.#configuration?.address || this.isBroadcast(destination) || this.#options.isMember(destination);
    return isForUs ? this.#reassembly.add(packet) : undefined;
  }

  /** Returns whether the address is a broadcast address: 255.255.255.255, or the last address of its network. */
  isBroadcast(address: Ipv4Address): boolean {
    if (address === limitedBroadcast) return true;
    const network = this.#configuration?.network;
    // A link between two hosts has no broadcast address. [RFC 3021]
    return network !== undefined && network.prefixLength < 31 && address === broadcastOf(network);
  }

  /** Sends a packet. It is dropped if this host has no address, no router leads to the destination, or the next hop does not answer. */
  send(destination: Ipv4Address, protocol: number, payload: Uint8Array, sending: Ipv4Sending = {}): void {
    const packet = this.#packet(destination, protocol, payload, sending);
    if (destination === this.#configuration?.address) {
      this.#options.loop(encodeIpv4(packet));
      return;
    }
    const fragments = fragmentsOf(packet, this.#options.mtuTo(destination));
    if (this.isBroadcast(destination)) {
      for (const fragment of fragments) this.#sendFrame(broadcastMac, etherTypes.ipv4, fragment);
      return;
    }
    const hop = isOfOneHost(destination) ? this.#nextHop(destination) : undefined;
    if (hop !== undefined && this.#up) this.arp.send(hop, ...fragments);
  }

  /** Sends a packet to a group. It is dropped if this host has no address. [RFC 1112, 6] */
  sendToGroup(group: Ipv4Address, protocol: number, payload: Uint8Array, sending: Ipv4Sending): void {
    if (this.#configuration === undefined) return;
    const packet = this.#packet(group, protocol, payload, { ttl: 1, ...sending });
    if (sending.loopback === true && this.#options.isMember(group)) this.#options.loop(encodeIpv4(packet));
    // A packet with a TTL of 0 must not leave the host.
    if (packet.ttl === 0 || !this.#up) return;
    const mac = multicastMacOfIpv4(group);
    for (const fragment of fragmentsOf(packet, this.#options.mtuTo(group))) this.#sendFrame(mac, etherTypes.ipv4, fragment);
  }

  /** Sends a packet back to the sender of a frame, without asking for its MAC address again. */
  answer(to: MacAddress, destination: Ipv4Address, protocol: number, payload: Uint8Array): void {
    const packet = this.#packet(destination, protocol, payload, {});
    if (to === this.#options.mac) this.#options.loop(encodeIpv4(packet));
    else for (const fragment of fragmentsOf(packet, this.#options.mtuTo(destination))) this.#sendFrame(to, etherTypes.ipv4, fragment);
  }

  [Symbol.dispose](): void {
    this.#configuration = undefined;
    this.#own = 0;
    this.#introduction?.[Symbol.dispose]();
    this.#reassembly.clear();
    this.arp[Symbol.dispose]();
  }

  #introduce(address: Ipv4Address): void {
    this.#since = this.#options.clock.monotonic();
    this.#defended = -Infinity;
    this.#sendArp(broadcastMac, { operation: 'request', targetMac: unknownMac, targetAddress: address }, unspecifiedIpv4);
    this.announce();
  }

  /** Updates a known neighbour from any of its frames, and adds an unknown one that addresses us. [RFC 826, Packet Reception] */
  #learn({ operation, senderMac, senderAddress, targetAddress }: Arp, isForUs: boolean): void {
    if (isOfOneHost(senderAddress) && !this.isBroadcast(senderAddress)) this.arp.learn(senderAddress, senderMac);
    if (!isForUs || operation !== 'request') return;
    this.#sendArp(senderMac, { operation: 'reply', targetMac: senderMac, targetAddress: senderAddress }, targetAddress);
  }

  /**
   * Handles another host's claim to our address. If the other host had it first, we give it up. Later we defend it, but at most once in the
   * interval. [RFC 5227, 2.4]
   */
  #contest(mac: MacAddress, address: Ipv4Address): void {
    const now = this.#options.clock.monotonic();
    if (now - this.#since < probeTime || now - this.#defended < defendInterval) {
      this.#options.onConflict(mac, address);
      return;
    }
    this.#defended = now;
    this.announce();
  }

  /**
   * Returns the next hop to an address: the address itself if it is on the link, otherwise the router. Returns undefined if there is none.
   */
  #nextHop(address: Ipv4Address): Ipv4Address | undefined {
    if (this.#configuration === undefined) return undefined;
    const { network, router } = this.#configuration;
    return contains(network, address) ? address : router;
  }

  #packet(destination: Ipv4Address, protocol: number, payload: Uint8Array, { dontFragment = false, ttl = 64 }: Ipv4Sending): OwnPacket {
    this.#identification = (this.#identification + 1) & 0xffff;
    const source = this.#configuration?.address ?? unspecifiedIpv4;
    return { source, destination, protocol, payload, identification: this.#identification, dontFragment, ttl };
  }

  #sendArp(
    to: MacAddress,
    arp: Pick<Arp, 'operation' | 'targetMac' | 'targetAddress'>,
    senderAddress = this.#configuration?.address ?? unspecifiedIpv4,
  ): void {
    this.#sendFrame(to, etherTypes.arp, encodeArp({ ...arp, senderMac: this.#options.mac, senderAddress }));
  }

  #sendFrame(destination: MacAddress, etherType: number, payload: Uint8Array): void {
    this.#options.send(encodeEthernet({ destination, source: this.#options.mac, etherType, payload }));
  }
}

/** Returns whether an address can belong to a single host. 0.0.0.0/8, groups and loopback addresses cannot. [RFC 1122, 3.2.1.3] */
function isOfOneHost(address: Ipv4Address): boolean {
  const first = address >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}
