import type { Clock, Timer } from '../clock.ts';
import { destinationOf, encodeEthernet, etherTypes, minFrame, sourceOf } from '../wire/ethernet.ts';
import type { MacAddress } from '../wire/mac.ts';
import {
  decodeIcmpv6,
  encodeIcmpv6,
  icmpv6Protocol,
  type Icmpv6,
  type NeighbourAdvertisement,
  type NeighbourSolicitation,
} from '../wire/icmpv6.ts';
import {
  allNodes,
  decodeIpv6,
  encodeIpv6,
  ipv6HeaderLength,
  isIpv6Multicast,
  linkLocalOf,
  multicastMacOf,
  solicitedNodeOf,
  unspecifiedIpv6,
  type Ipv6,
  type Ipv6Address,
} from '../wire/ipv6.ts';
import { NeighbourCache } from './neighbour-cache.ts';
import type { Echo } from './pings.ts';

/** What an interface is made of. */
export interface Ipv6InterfaceOptions {
  readonly clock: Clock;
  readonly mac: MacAddress;
  readonly send: (frame: Uint8Array) => void;
  /** An echo reply came. */
  readonly onEchoReply: (source: Ipv6Address, echo: Echo) => void;
  /** That neighbour has our address already, or wants it too: it is not used. */
  readonly onDuplicate: (mac: MacAddress) => void;
}

/** What has become of an address: whether nobody else has it is not known yet, or known, or somebody has. [RFC 4862, 2] */
export type Ipv6State = 'tentative' | 'preferred' | 'duplicate';

/** Milliseconds that somebody who has the address has to say so. [RFC 4862, 5.1; RFC 4861, 10, RETRANS_TIMER] */
const detectionTime = 1000;
/** The hop limit of what has crossed no router. [RFC 4861, 7.1] */
const ofTheLink = 255;

const allNodesMac = multicastMacOf(allNodes);
/** Where a frame has the type of an ICMPv6 message, and that of an advertisement. */
const typeAt = minFrame + ipv6HeaderLength;
const advertisementType = 136;

/** IPv6 on one link: the address that is made of the MAC address, once nobody else has it, and the neighbours. [RFC 4861; RFC 4862] */
export class Ipv6Interface implements Disposable {
  readonly address: Ipv6Address;
  readonly neighbours: NeighbourCache<Ipv6Address>;
  readonly #options: Ipv6InterfaceOptions;
  readonly #solicitedNode: Ipv6Address;
  readonly #solicitedNodeMac: MacAddress;
  #state: Ipv6State = 'tentative';
  #timer: Timer;
  #up = true;

  constructor(options: Ipv6InterfaceOptions) {
    const { clock, mac } = options;
    this.#options = options;
    this.address = linkLocalOf(mac);
    this.#solicitedNode = solicitedNodeOf(this.address);
    this.#solicitedNodeMac = multicastMacOf(this.#solicitedNode);
    this.neighbours = new NeighbourCache({
      clock,
      solicit: (target, to) => this.#solicit(target, to),
      send: (to, packet) => this.#sendFrame(to, packet),
    });
    // Not yet: the owner may not have the host in hand.
    this.#timer = clock.after(0, () => this.#detect());
  }

  get state(): Ipv6State {
    return this.#state;
  }

  /** The link is lost, or back. Without it nothing is sent to others, and nobody is known. */
  carrier(up: boolean): void {
    this.#up = up;
    if (!up) this.neighbours.clear();
  }

  /** A frame with an IPv6 packet. One that is not for this host costs next to nothing. */
  receive(frame: Uint8Array): void {
    const to = destinationOf(frame);
    if (to !== this.#options.mac && to !== this.#solicitedNodeMac && (to !== allNodesMac || this.#isOld(frame))) return;
    const packet = decodeIpv6(frame.subarray(minFrame));
    if (packet !== undefined && !isIpv6Multicast(packet.source)) this.#take(packet, sourceOf(frame));
  }

  #take(packet: Ipv6, via: MacAddress): void {
    const { source, destination, nextHeader, payload, hopLimit } = packet;
    if (nextHeader !== icmpv6Protocol) return;
    if (destination !== this.address && destination !== allNodes && destination !== this.#solicitedNode) return;
    const message = decodeIcmpv6(payload, source, destination);
    if (message?.type === 'neighbour-solicitation' && hopLimit === ofTheLink) this.#receiveSolicitation(message, packet, via);
    else if (message?.type === 'neighbour-advertisement' && hopLimit === ofTheLink) this.#receiveAdvertisement(message, packet, via);
    else if (message?.type === 'echo-request') this.#answer(message, packet, via);
    else if (message?.type === 'echo-reply' && destination === this.address) {
      this.neighbours.confirm(source);
      this.#options.onEchoReply(source, message);
    }
  }

  /** Sends an echo request. It is dropped while there is no address, and to where no neighbour is. */
  sendEcho(to: Ipv6Address, echo: Echo): void {
    if (this.#state !== 'preferred') return;
    const packet = this.#packet(to, { ...echo, type: 'echo-request' });
    if (to === this.address) this.#loop(packet);
    else if (!this.#up) return;
    else if (isIpv6Multicast(to)) this.#sendFrame(multicastMacOf(to), packet);
    else this.neighbours.send(to, packet);
  }

  /** Says to everybody who has this address. Nothing happens while there is none. [RFC 4861, 7.2.6] */
  announce(): void {
    if (this.#state === 'preferred') this.#advertise(allNodes, allNodesMac, false);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#state = 'duplicate';
    this.neighbours[Symbol.dispose]();
  }

  /** Asks once whether somebody has the address; who is silent has not. [RFC 4862, 5.4.2] */
  #detect(): void {
    this.#timer = this.#options.clock.after(detectionTime, () => {
      this.#state = 'preferred';
      this.announce();
    });
    const message = { type: 'neighbour-solicitation', target: this.address, mac: undefined } as const;
    this.#sendFrame(this.#solicitedNodeMac, this.#packet(this.#solicitedNode, message, unspecifiedIpv6));
  }

  /** Whether a frame for all hosts says where somebody is whom nobody here has asked for. All hosts of a link are told that of each other. */
  #isOld(frame: Uint8Array): boolean {
    if (frame[minFrame + 6] !== icmpv6Protocol || frame[typeAt] !== advertisementType || this.#state === 'tentative') return false;
    return this.neighbours.size === 0;
  }

  #receiveSolicitation({ target, mac }: NeighbourSolicitation, { source, destination }: Ipv6, via: MacAddress): void {
    if (target !== this.address || via === this.#options.mac) return;
    const isProbe = source === unspecifiedIpv6;
    if (this.#state === 'tentative') {
      // Two that want the same address at the same time: none gets it. [RFC 4862, 5.4.3]
      if (isProbe) this.#giveUp(via);
      return;
    }
    if (this.#state !== 'preferred') return;
    if (isProbe) {
      if (destination === this.#solicitedNode) this.announce();
      return;
    }
    if (mac !== undefined) this.neighbours.hear(source, mac);
    this.#advertise(source, via, true);
  }

  #receiveAdvertisement(message: NeighbourAdvertisement, { destination }: Ipv6, via: MacAddress): void {
    const { target, solicited } = message;
    if (solicited && isIpv6Multicast(destination)) return;
    if (target !== this.address) this.neighbours.advertise(target, message);
    else if (this.#state === 'tentative' && via !== this.#options.mac) this.#giveUp(via);
  }

  /** Who asked by a group's address is answered from ours. [RFC 4443, 4.2] */
  #answer(echo: Echo, { source }: Ipv6, via: MacAddress): void {
    if (this.#state !== 'preferred' || source === unspecifiedIpv6) return;
    const packet = this.#packet(source, { ...echo, type: 'echo-reply' });
    if (via === this.#options.mac) this.#loop(packet);
    else this.#sendFrame(via, packet);
  }

  #giveUp(mac: MacAddress): void {
    this.#timer[Symbol.dispose]();
    this.#state = 'duplicate';
    this.#options.onDuplicate(mac);
  }

  #solicit(target: Ipv6Address, to: MacAddress | undefined): void {
    const destination = to === undefined ? solicitedNodeOf(target) : target;
    const packet = this.#packet(destination, { type: 'neighbour-solicitation', target, mac: this.#options.mac });
    this.#sendFrame(to ?? multicastMacOf(destination), packet);
  }

  #advertise(to: Ipv6Address, mac: MacAddress, solicited: boolean): void {
    const flags = { router: false, solicited, override: true };
    const message = { type: 'neighbour-advertisement', target: this.address, mac: this.#options.mac, ...flags } as const;
    this.#sendFrame(mac, this.#packet(to, message));
  }

  #packet(destination: Ipv6Address, message: Icmpv6, source = this.address): Uint8Array {
    const payload = encodeIcmpv6(message, source, destination);
    return encodeIpv6({ source, destination, nextHeader: icmpv6Protocol, hopLimit: ofTheLink, payload });
  }

  /** A packet from us to us. */
  #loop(octets: Uint8Array): void {
    this.#options.clock.defer(() => {
      const packet = decodeIpv6(octets);
      if (packet !== undefined) this.#take(packet, this.#options.mac);
    });
  }

  #sendFrame(destination: MacAddress, payload: Uint8Array): void {
    this.#options.send(encodeEthernet({ destination, source: this.#options.mac, etherType: etherTypes.ipv6, payload }));
  }
}
