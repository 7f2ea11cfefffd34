import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { destinationOf, encodeEthernet, etherTypes, minFrame, sourceOf } from '../wire/ethernet.ts';
import { decodeIcmpv6, encodeIcmpv6, icmpv6Protocol, type Icmpv6Echo } from '../wire/icmpv6.ts';
import { fragmentHeader } from '../wire/ipv6-fragment.ts';
import {
  allNodes,
  decodeIpv6,
  encodeIpv6,
  ipv6HeaderLength,
  isInIpv6Network,
  isIpv6LinkLocal,
  isIpv6Multicast,
  linkLocalOf,
  multicastMacOf,
  unspecifiedIpv6,
  type Ipv6,
  type Ipv6Address,
  type Ipv6Network,
} from '../wire/ipv6.ts';
import type { MacAddress } from '../wire/mac.ts';
import { Ipv6Reassembly, ipv6FragmentsOf } from './ipv6-fragments.ts';
import { NeighbourDiscovery } from './neighbour-discovery.ts';

/** An address of a host in addition to its link-local one, with its network and router. */
export interface Ipv6Configuration {
  readonly address: Ipv6Address;
  /** The network whose addresses are on the link. */
  readonly network: Ipv6Network;
  /** The router to all other networks. Without one, they cannot be reached. */
  readonly router?: Ipv6Address | undefined;
}

/** The options of an interface. */
export interface Ipv6InterfaceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  readonly configuration?: Ipv6Configuration | undefined;
  /** Returns the longest packet to an address, in octets: longer ones are sent in fragments. */
  readonly mtuTo: (address: Ipv6Address) => number;
  /** Returns whether this host is a member of a group, not counting the groups to which every host belongs. */
  readonly isMember: (group: Ipv6Address) => boolean;
  /** Returns whether frames to the MAC address of a group may be for this host. */
  readonly hearsMac: (mac: MacAddress) => boolean;
  readonly send: (frame: Uint8Array) => void;
  /**
   * Receives a packet for this host, which is borrowed. Neighbour messages and echo requests are not passed on; an echo reply comes decoded
   * as `reply`.
   */
  readonly receive: (packet: Ipv6, via: MacAddress, reply: Icmpv6Echo | undefined) => void;
  /** Called when the neighbour `mac` already has our `address` or is also probing for it. The address is then not used. */
  readonly onDuplicate: (mac: MacAddress, address: Ipv6Address) => void;
}

/** The options of a sent packet. */
export interface Ipv6Sending {
  /** The source address; by default one with the destination's scope. */
  readonly source?: Ipv6Address | undefined;
  /** The hop limit; 64 by default, and 1 for groups. */
  readonly hopLimit?: number | undefined;
  /** True to deliver the packet to this host too, if it is a member of the group; false by default. */
  readonly loopback?: boolean | undefined;
}

/** The hop limit of a packet that has crossed no router. [RFC 4861, 7.1] */
const ofTheLink = 255;
const defaultHopLimit = 64;

const allNodesMac = multicastMacOf(allNodes);
/** The offset of an ICMPv6 message's type in a frame, and the type of an advertisement. */
const typeAt = minFrame + ipv6HeaderLength;
const advertisementType = 136;

/** IPv6 on one link: the link-local address, a configured one, the neighbours, and the next hops to other hosts. */
export class Ipv6Interface implements Disposable {
  readonly discovery: NeighbourDiscovery;
  readonly #linkLocal: Ipv6Address;
  readonly #options: Ipv6InterfaceOptions;
  readonly #reassembly: Ipv6Reassembly;
  #identification: number;
  #up = true;

  constructor(options: Ipv6InterfaceOptions) {
    const { clock, mac, configuration, random, onDuplicate } = options;
    this.#options = options;
    this.#linkLocal = linkLocalOf(mac);
    this.#reassembly = new Ipv6Reassembly(clock);
    this.#identification = random.uint32();
    this.discovery = new NeighbourDiscovery(configuration ? [this.#linkLocal, configuration.address] : [this.#linkLocal], {
      clock,
      mac,
      onDuplicate,
      say: (to, source, destination, message) => {
        const payload = encodeIcmpv6(message, source, destination);
        this.#sendFrame(to, encodeIpv6({ source, destination, nextHeader: icmpv6Protocol, hopLimit: ofTheLink, payload }));
      },
      send: (to, packet) => this.#sendFrame(to, packet),
    });
  }

  /** The link-local address. Undefined until it is known to be unique, and if another host has it. */
  get linkLocal(): Ipv6Address | undefined {
    return this.#ifPreferred(this.#linkLocal);
  }

  /** The configured address. Undefined without one, until it is known to be unique, and if another host has it. */
  get address(): Ipv6Address | undefined {
    return this.#ifPreferred(this.#options.configuration?.address);
  }

  /** Sets whether the link is connected. When it goes down, the host stops sending and forgets its neighbours. */
  carrier(up: boolean): void {
    this.#up = up;
    if (!up) this.discovery.neighbours.clear();
  }

  /** Receives a frame with an IPv6 packet. A frame for another host is recognised at almost no cost. */
  receive(frame: Uint8Array): void {
    const to = destinationOf(frame);
    if (to !== this.#options.mac && !this.#hearsGroup(to, frame)) return;
    const packet = decodeIpv6(frame.subarray(minFrame));
    if (packet !== undefined && !isIpv6Multicast(packet.source)) this.#take(packet, sourceOf(frame));
  }

  /**
   * Sends a packet; `payloadFrom` makes its payload once the source address is chosen. The packet is dropped if this host has no address,
   * no router leads to the destination, or the next hop does not answer.
   */
  send(destination: Ipv6Address, nextHeader: number, payloadFrom: (source: Ipv6Address) => Uint8Array, sending: Ipv6Sending = {}): void {
    const source = sending.source === undefined ? this.discovery.sourceFor(destination) : this.#ifPreferred(sending.source);
    if (source === undefined) return;
    const isGroup = isIpv6Multicast(destination);
    const hopLimit = sending.hopLimit ?? (isGroup ? 1 : defaultHopLimit);
    const packet = { source, destination, nextHeader, hopLimit, payload: payloadFrom(source) };
    if (isGroup) {
      if (sending.loopback === true && this.#options.isMember(destination)) this.#loop(packet);
      if (hopLimit > 0 && this.#up) this.#transmit(multicastMacOf(destination), packet);
    } else if (this.#ifPreferred(destination) !== undefined) this.#loop(packet);
    else if (this.#up) {
      const hop = this.#nextHop(destination);
      if (hop !== undefined) this.discovery.neighbours.send(hop, ...this.#fragmentsOf(packet));
    }
  }

  /** Sends a packet back to the sender of a frame, without asking for its MAC address again. */
  answer(via: MacAddress, source: Ipv6Address, destination: Ipv6Address, payload: Uint8Array): void {
    const packet = { source, destination, nextHeader: icmpv6Protocol, hopLimit: defaultHopLimit, payload };
    if (via === this.#options.mac) this.#loop(packet);
    else this.#transmit(via, packet);
  }

  [Symbol.dispose](): void {
    this.discovery[Symbol.dispose]();
    this.#reassembly.clear();
  }

  #ifPreferred(address: Ipv6Address | undefined): Ipv6Address | undefined {
    return address !== undefined && this.discovery.stateOf(address) === 'preferred' ? address : undefined;
  }

  #hearsGroup(mac: MacAddress, frame: Uint8Array): boolean {
    if (mac === allNodesMac) return !this.#isOld(frame) || this.#options.hearsMac(mac);
    return this.discovery.hearsMac(mac) || this.#options.hearsMac(mac);
  }

  /**
   * Returns whether a frame announces a neighbour to all hosts while this host needs no announcements. Every host on a link receives the
   * announcements of all others.
   */
  #isOld(frame: Uint8Array): boolean {
    return frame[minFrame + 6] === icmpv6Protocol && frame[typeAt] === advertisementType && !this.discovery.isCurious;
  }

  #isForUs(destination: Ipv6Address): boolean {
    if (!isIpv6Multicast(destination)) return this.discovery.stateOf(destination) === 'preferred';
    return destination === allNodes || this.discovery.isAskedIn(destination) || this.#options.isMember(destination);
  }

  #take(packet: Ipv6, via: MacAddress): void {
    if (!this.#isForUs(packet.destination)) return;
    if (packet.nextHeader !== fragmentHeader) {
      this.#takeWhole(packet, via, packet.hopLimit === ofTheLink);
      return;
    }
    const whole = this.#reassembly.add(packet);
    // Neighbour messages are never fragmented. [RFC 6980]
    if (whole !== undefined) this.#takeWhole(whole, via, false);
  }

  #takeWhole(packet: Ipv6, via: MacAddress, isOfNeighbour: boolean): void {
    const { source, destination, nextHeader, payload } = packet;
    const message = nextHeader === icmpv6Protocol ? decodeIcmpv6(payload, source, destination) : undefined;
    if (message?.type === 'neighbour-solicitation' || message?.type === 'neighbour-advertisement') {
      if (isOfNeighbour) this.discovery.receive(message, packet, via);
    } else if (message?.type === 'echo-request') this.#answerEcho(message, packet, via);
    else this.#options.receive(packet, via, message);
  }

  /** Answers an echo request. A request to a group is answered from our own address. [RFC 4443, 4.2] */
  #answerEcho(echo: Icmpv6Echo, { source, destination }: Ipv6, via: MacAddress): void {
    const own = isIpv6Multicast(destination) ? this.discovery.sourceFor(source) : destination;
    if (own === undefined || source === unspecifiedIpv6) return;
    this.answer(via, own, source, encodeIcmpv6({ ...echo, type: 'echo-reply' }, own, source));
  }

  /**
   * Returns the next hop to an address: the address itself if it is on the link, otherwise the router. Returns undefined if there is none.
   */
  #nextHop(address: Ipv6Address): Ipv6Address | undefined {
    const { configuration } = this.#options;
    if (isIpv6LinkLocal(address)) return address;
    return configuration && isInIpv6Network(configuration.network, address) ? address : configuration?.router;
  }

  #fragmentsOf(packet: Ipv6): Uint8Array[] {
    const mtu = this.#options.mtuTo(packet.destination);
    if (ipv6HeaderLength + packet.payload.length > mtu) this.#identification = (this.#identification + 1) >>> 0;
    return ipv6FragmentsOf(packet, mtu, this.#identification);
  }

  #transmit(to: MacAddress, packet: Ipv6): void {
    for (const fragment of this.#fragmentsOf(packet)) this.#sendFrame(to, fragment);
  }

  /** Delivers a packet that this host sent to itself. */
  #loop(packet: Ipv6): void {
    const octets = encodeIpv6(packet);
    this.#options.clock.defer(() => {
      const own = decodeIpv6(octets);
      if (own !== undefined) this.#take(own, this.#options.mac);
    });
  }

  #sendFrame(destination: MacAddress, payload: Uint8Array): void {
    this.#options.send(encodeEthernet({ destination, source: this.#options.mac, etherType: etherTypes.ipv6, payload }));
  }
}
