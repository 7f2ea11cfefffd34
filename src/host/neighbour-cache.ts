import type { Clock, Timer } from '../clock.ts';
import { isGroupMac, type MacAddress } from '../wire/mac.ts';

/** The reachability of a neighbour. [RFC 4861, 7.3.2] */
export type NeighbourState = 'INCOMPLETE' | 'REACHABLE' | 'STALE' | 'DELAY' | 'PROBE';

/** A neighbour. */
export interface NeighbourEntry<Address> {
  readonly address: Address;
  /** Undefined while it is INCOMPLETE. */
  readonly mac: MacAddress | undefined;
  readonly state: NeighbourState;
}

/** The content of a neighbour's advertisement. [RFC 4861, 4.4] */
export interface Advertised {
  /** Undefined if it is not included. */
  readonly mac: MacAddress | undefined;
  /** True if it answers our solicitation. */
  readonly solicited: boolean;
  /** True if it replaces the known MAC address. */
  readonly override: boolean;
}

/** The options of a cache. */
export interface NeighbourCacheOptions<Address> {
  readonly clock: Clock;
  /** Sends a solicitation for an address: to the neighbour at `mac`, or to all stations if `mac` is undefined. */
  readonly solicit: (address: Address, mac: MacAddress | undefined) => void;
  /** Sends a packet to a neighbour. */
  readonly send: (mac: MacAddress, packet: Uint8Array) => void;
}

// Times are in milliseconds. [RFC 4861, 10]
const reachableTime = 30_000;
const retransTimer = 1000;
const delayFirstProbe = 5000;
const maxSolicitations = 3;

const maxKnown = 1024;
const maxIncomplete = 64;
/** The most packets that wait for one address; a further one replaces the oldest. [RFC 4861, 7.2.2] */
const maxWaiting = 8;

interface Neighbour<Address> {
  readonly address: Address;
  mac: MacAddress | undefined;
  /** REACHABLE may mean STALE: whether the time of reachability has passed is checked only when the state is read. */
  state: NeighbourState;
  confirmed: number;
  asked: number;
  timer: Timer | undefined;
  /** The packets, each with all of its fragments. */
  packets: (readonly Uint8Array[])[];
}

/** The neighbours on the link with their IPv6 addresses and reachability, and the packets that wait for them. [RFC 4861, 7.2, 7.3] */
export class NeighbourCache<Address> implements Disposable {
  readonly #options: NeighbourCacheOptions<Address>;
  /** In the order in which they were last heard from, the oldest first. */
  readonly #neighbours = new Map<Address, Neighbour<Address>>();
  #incomplete = 0;

  constructor(options: NeighbourCacheOptions<Address>) {
    this.#options = options;
  }

  /** All neighbours, including those that have not answered yet. */
  get entries(): NeighbourEntry<Address>[] {
    return Array.from(this.#neighbours.values(), (one) => ({ address: one.address, mac: one.mac, state: this.#stateOf(one) }));
  }

  /** The number of neighbours. */
  get size(): number {
    return this.#neighbours.size;
  }

  /** Returns the MAC address of a neighbour; undefined if it is not known. */
  macOf(address: Address): MacAddress | undefined {
    return this.#neighbours.get(address)?.mac;
  }

  /**
   * Sends a packet, or its fragments, to the neighbour with that address, as soon as its MAC address is known. If the neighbour does not
   * answer, the packet is dropped.
   */
  send(address: Address, ...packet: readonly Uint8Array[]): void {
    const one = this.#neighbours.get(address);
    if (one === undefined) {
      this.#ask(address, packet);
    } else if (one.mac === undefined) {
      // A new packet starts the count of solicitations again.
      one.asked = 0;
      one.packets.push(packet);
      if (one.packets.length > maxWaiting) one.packets.shift();
    } else {
      if (this.#stateOf(one) === 'STALE') this.#delay(one);
      for (const fragment of packet) this.#options.send(one.mac, fragment);
    }
  }

  /**
   * Records a MAC address from a message other than an advertisement. Such a message does not confirm that the neighbour receives our
   * packets.
   */
  hear(address: Address, mac: MacAddress): void {
    if (isGroupMac(mac)) return;
    const one = this.#neighbours.get(address) ?? this.#add(address);
    if (one.mac !== mac) this.#settle(one, mac, 'STALE');
  }

  /** Handles an advertisement. An advertisement of an unknown neighbour is ignored. [RFC 4861, 7.2.5] */
  advertise(address: Address, { mac, solicited, override }: Advertised): void {
    const one = this.#neighbours.get(address);
    if (one === undefined || (mac !== undefined && isGroupMac(mac))) return;
    if (one.mac === undefined) {
      if (mac !== undefined) this.#settle(one, mac, solicited ? 'REACHABLE' : 'STALE');
      return;
    }
    const differs = mac !== undefined && mac !== one.mac;
    if (differs && !override) {
      if (this.#stateOf(one) === 'REACHABLE') this.#settle(one, one.mac, 'STALE');
    } else if (solicited) this.#settle(one, mac ?? one.mac, 'REACHABLE');
    else if (differs) this.#settle(one, mac, 'STALE');
  }

  /** Notes that the neighbour answered a packet, which confirms that it receives ours. [RFC 4861, 7.3.1] */
  confirm(address: Address): void {
    const one = this.#neighbours.get(address);
    if (one?.mac !== undefined) this.#settle(one, one.mac, 'REACHABLE');
  }

  /** Forgets all neighbours, and drops the packets that wait for them. */
  clear(): void {
    for (const one of [...this.#neighbours.values()]) this.#forget(one);
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #stateOf({ state, confirmed }: Neighbour<Address>): NeighbourState {
    return state === 'REACHABLE' && this.#options.clock.monotonic() - confirmed > reachableTime ? 'STALE' : state;
  }

  #ask(address: Address, packet: readonly Uint8Array[]): void {
    if (this.#incomplete >= maxIncomplete) return;
    const one = this.#add(address);
    one.packets.push(packet);
    this.#solicit(one);
  }

  #add(address: Address): Neighbour<Address> {
    const [oldest] = this.#neighbours.values();
    if (this.#neighbours.size >= maxKnown && oldest !== undefined) this.#forget(oldest);
    const one: Neighbour<Address> = { address, mac: undefined, state: 'INCOMPLETE', confirmed: 0, asked: 0, timer: undefined, packets: [] };
    this.#neighbours.set(address, one);
    this.#incomplete++;
    return one;
  }

  /** Sends a solicitation, at most three times. If there is no answer, the neighbour is removed. */
  #solicit(one: Neighbour<Address>): void {
    if (one.asked === maxSolicitations) {
      this.#forget(one);
      return;
    }
    one.asked++;
    one.timer = this.#options.clock.after(retransTimer, () => this.#solicit(one));
    this.#options.solicit(one.address, one.mac);
  }

  /** Waits for a confirmation of reachability, and then starts to solicit the neighbour. */
  #delay(one: Neighbour<Address>): void {
    one.state = 'DELAY';
    one.asked = 0;
    one.timer = this.#options.clock.after(delayFirstProbe, () => {
      one.state = 'PROBE';
      this.#solicit(one);
    });
  }

  /** Ends the solicitations, and sends the waiting packets. */
  #settle(one: Neighbour<Address>, mac: MacAddress, state: 'REACHABLE' | 'STALE'): void {
    one.timer?.[Symbol.dispose]();
    if (one.mac === undefined) this.#incomplete--;
    one.mac = mac;
    one.state = state;
    one.confirmed = this.#options.clock.monotonic();
    const { packets } = one;
    one.packets = [];
    // A packet to a STALE neighbour starts a check of its reachability.
    if (packets.length > 0 && state === 'STALE') this.#delay(one);
    for (const packet of packets.flat()) this.#options.send(mac, packet);
  }

  #forget(one: Neighbour<Address>): void {
    one.timer?.[Symbol.dispose]();
    if (one.mac === undefined) this.#incomplete--;
    this.#neighbours.delete(one.address);
  }
}
