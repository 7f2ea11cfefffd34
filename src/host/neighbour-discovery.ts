import type { Clock, Timer } from '../clock.ts';
import type { Icmpv6, NeighbourAdvertisement, NeighbourSolicitation } from '../wire/icmpv6.ts';
import {
  allNodes,
  isIpv6LinkLocal,
  isIpv6Multicast,
  multicastMacOf,
  solicitedNodeOf,
  unspecifiedIpv6,
  type Ipv6,
  type Ipv6Address,
} from '../wire/ipv6.ts';
import type { MacAddress } from '../wire/mac.ts';
import { NeighbourCache } from './neighbour-cache.ts';

/** The options of neighbour discovery. */
export interface NeighbourDiscoveryOptions {
  readonly clock: Clock;
  readonly mac: MacAddress;
  /** Sends a neighbour message. */
  readonly say: (to: MacAddress, source: Ipv6Address, destination: Ipv6Address, message: Icmpv6) => void;
  /** Sends a packet to a neighbour. */
  readonly send: (to: MacAddress, packet: Uint8Array) => void;
  /** Called when the neighbour `mac` already has our `address` or is also probing for it. The address is then not used. */
  readonly onDuplicate: (mac: MacAddress, address: Ipv6Address) => void;
}

/** The state of an address: not yet known to be unique, confirmed to be unique, or in use by another host. [RFC 4862, 2] */
export type Ipv6State = 'tentative' | 'preferred' | 'duplicate';

/** How long another owner of the address has to answer, in milliseconds. [RFC 4862, 5.1; RFC 4861, 10, RETRANS_TIMER] */
const detectionTime = 1000;

const allNodesMac = multicastMacOf(allNodes);

/** An address of this host. */
interface Own {
  readonly address: Ipv6Address;
  readonly solicitedNode: Ipv6Address;
  readonly solicitedNodeMac: MacAddress;
  state: Ipv6State;
  timer: Timer;
}

/** The addresses of this host with the check that they are unique, and the neighbours. [RFC 4861; RFC 4862] */
export class NeighbourDiscovery implements Disposable {
  readonly neighbours: NeighbourCache<Ipv6Address>;
  readonly #options: NeighbourDiscoveryOptions;
  readonly #own: readonly Own[];

  /** Probes for each address at once; a second later, it can be used. Preferred addresses come first in the list. */
  constructor(addresses: readonly Ipv6Address[], options: NeighbourDiscoveryOptions) {
    this.#options = options;
    this.neighbours = new NeighbourCache({
      clock: options.clock,
      solicit: (target, to) => this.#solicit(target, to),
      send: options.send,
    });
    this.#own = addresses.map((address) => this.#begin(address));
  }

  /**
   * Returns the source address for a destination: a link-local one for the link, a global one for others. Returns undefined while there is
   * none.
   */
  sourceFor(destination: Ipv6Address): Ipv6Address | undefined {
    const isOfLink = isIpv6LinkLocal(destination) || isOfLinkScope(destination);
    const preferred = this.#own.filter(({ state }) => state === 'preferred');
    return (preferred.find(({ address }) => isIpv6LinkLocal(address) === isOfLink) ?? preferred[0])?.address;
  }

  /** Returns the state of an address of this host; undefined for other addresses. */
  stateOf(address: Ipv6Address): Ipv6State | undefined {
    return this.#own.find((own) => own.address === address)?.state;
  }

  /** Returns whether solicitations for one of our addresses are sent to that group. */
  isAskedIn(group: Ipv6Address): boolean {
    return this.#own.some(({ solicitedNode }) => solicitedNode === group);
  }

  /** Returns whether frames to that MAC address may be solicitations for one of our addresses. */
  hearsMac(mac: MacAddress): boolean {
    return this.#own.some(({ solicitedNodeMac }) => solicitedNodeMac === mac);
  }

  /**
   * True if announcements of neighbours matter here: a neighbour is asked for or known, or one of our addresses is not known to be unique
   * yet.
   */
  get isCurious(): boolean {
    return this.neighbours.size > 0 || this.#own.some(({ state }) => state === 'tentative');
  }

  /** Announces our addresses to all stations. Has no effect while none is usable. [RFC 4861, 7.2.6] */
  announce(): void {
    for (const { address, state } of this.#own) if (state === 'preferred') this.#advertise(address, allNodes, allNodesMac, false);
  }

  /** Handles a neighbour message that has crossed no router. */
  receive(message: NeighbourSolicitation | NeighbourAdvertisement, packet: Ipv6, via: MacAddress): void {
    if (message.type === 'neighbour-solicitation') this.#receiveSolicitation(message, packet, via);
    else this.#receiveAdvertisement(message, packet, via);
  }

  [Symbol.dispose](): void {
    for (const own of this.#own) {
      own.timer[Symbol.dispose]();
      own.state = 'duplicate';
    }
    this.neighbours[Symbol.dispose]();
  }

  #begin(address: Ipv6Address): Own {
    const solicitedNode = solicitedNodeOf(address);
    const own: Own = {
      address,
      solicitedNode,
      solicitedNodeMac: multicastMacOf(solicitedNode),
      state: 'tentative',
      // Deferred: the owner may not hold the host yet.
      timer: this.#options.clock.after(0, () => this.#detect(own)),
    };
    return own;
  }

  /** Asks once for another owner of the address. If there is no answer, the address is unique. [RFC 4862, 5.4.2] */
  #detect(own: Own): void {
    const { address, solicitedNode, solicitedNodeMac } = own;
    own.timer = this.#options.clock.after(detectionTime, () => {
      own.state = 'preferred';
      this.#advertise(address, allNodes, allNodesMac, false);
    });
    const probe = { type: 'neighbour-solicitation', target: address, mac: undefined } as const;
    this.#options.say(solicitedNodeMac, unspecifiedIpv6, solicitedNode, probe);
  }

  #receiveSolicitation({ target, mac }: NeighbourSolicitation, { source, destination }: Ipv6, via: MacAddress): void {
    const own = this.#own.find(({ address }) => address === target);
    if (own === undefined || via === this.#options.mac) return;
    const isProbe = source === unspecifiedIpv6;
    if (own.state === 'tentative') {
      // If two hosts probe for the same address at the same time, neither gets it. [RFC 4862, 5.4.3]
      if (isProbe) this.#giveUp(own, via);
      return;
    }
    if (own.state !== 'preferred') return;
    if (isProbe) {
      if (destination === own.solicitedNode) this.#advertise(target, allNodes, allNodesMac, false);
      return;
    }
    if (mac !== undefined) this.neighbours.hear(source, mac);
    this.#advertise(target, source, via, true);
  }

  #receiveAdvertisement(message: NeighbourAdvertisement, { destination }: Ipv6, via: MacAddress): void {
    const { target, solicited } = message;
    if (solicited && isIpv6Multicast(destination)) return;
    const own = this.#own.find(({ address }) => address === target);
    if (own === undefined) this.neighbours.advertise(target, message);
    else if (own.state === 'tentative' && via !== this.#options.mac) this.#giveUp(own, via);
  }

  #giveUp(own: Own, mac: MacAddress): void {
    own.timer[Symbol.dispose]();
    own.state = 'duplicate';
    this.#options.onDuplicate(mac, own.address);
  }

  #solicit(target: Ipv6Address, to: MacAddress | undefined): void {
    const destination = to === undefined ? solicitedNodeOf(target) : target;
    const source = this.sourceFor(target);
    if (source === undefined) return;
    const message = { type: 'neighbour-solicitation', target, mac: this.#options.mac } as const;
    this.#options.say(to ?? multicastMacOf(destination), source, destination, message);
  }

  #advertise(target: Ipv6Address, to: Ipv6Address, via: MacAddress, solicited: boolean): void {
    const flags = { router: false, solicited, override: true };
    this.#options.say(via, target, to, { type: 'neighbour-advertisement', target, mac: this.#options.mac, ...flags });
  }
}

/** Returns whether an address is a group of a node or a link, which routers do not forward. [RFC 4291, 2.7] */
function isOfLinkScope(address: Ipv6Address): boolean {
  return isIpv6Multicast(address) && ((address >> 112n) & 0xfn) <= 2n;
}
