import type { Clock, Timer } from '../clock.ts';
import { isGroupMac, type MacAddress } from '../wire/mac.ts';

/** How well a neighbour is known. [RFC 4861, 7.3.2] */
export type NeighbourState = 'INCOMPLETE' | 'REACHABLE' | 'STALE' | 'DELAY' | 'PROBE';

/** A neighbour. */
export interface NeighbourEntry<Address> {
  readonly address: Address;
  /** Undefined while it is INCOMPLETE. */
  readonly mac: MacAddress | undefined;
  readonly state: NeighbourState;
}

/** What a neighbour says of itself in an advertisement. [RFC 4861, 4.4] */
export interface Advertised {
  /** Undefined when it does not say. */
  readonly mac: MacAddress | undefined;
  /** It was asked, by us. */
  readonly solicited: boolean;
  /** What was known is to be forgotten. */
  readonly override: boolean;
}

/** What a cache is made of. */
export interface NeighbourCacheOptions<Address> {
  readonly clock: Clock;
  /** Asks who has that address: the neighbour itself at `mac`, or everybody where undefined. */
  readonly solicit: (address: Address, mac: MacAddress | undefined) => void;
  /** Sends a packet to a neighbour. */
  readonly send: (mac: MacAddress, packet: Uint8Array) => void;
}

// Milliseconds and counts. [RFC 4861, 10]
const reachableTime = 30_000;
const retransTimer = 1000;
const delayFirstProbe = 5000;
const maxSolicitations = 3;

const maxKnown = 1024;
const maxIncomplete = 64;
/** Packets for one address that wait; the latest ones. [RFC 4861, 7.2.2] */
const maxWaiting = 8;

interface Neighbour<Address> {
  readonly address: Address;
  mac: MacAddress | undefined;
  /** REACHABLE stands for STALE too: when that ended is seen when it is looked at. */
  state: NeighbourState;
  confirmed: number;
  asked: number;
  timer: Timer | undefined;
  /** Each with all of its fragments. */
  packets: (readonly Uint8Array[])[];
}

/** Who has which IPv6 address on the link, whether they are still there, and the packets that wait. [RFC 4861, 7.2, 7.3] */
export class NeighbourCache<Address> implements Disposable {
  readonly #options: NeighbourCacheOptions<Address>;
  /** Those first that were heard of first. */
  readonly #neighbours = new Map<Address, Neighbour<Address>>();
  #incomplete = 0;

  constructor(options: NeighbourCacheOptions<Address>) {
    this.#options = options;
  }

  /** All neighbours, also those that are asked for. */
  get entries(): NeighbourEntry<Address>[] {
    return Array.from(this.#neighbours.values(), (one) => ({ address: one.address, mac: one.mac, state: this.#stateOf(one) }));
  }

  /** How many there are. */
  get size(): number {
    return this.#neighbours.size;
  }

  /** The neighbour with that address; undefined when it is not known. */
  macOf(address: Address): MacAddress | undefined {
    return this.#neighbours.get(address)?.mac;
  }

  /** Sends a packet, or its fragments, to the neighbour with that address, as soon as it is known who that is. It is dropped when nobody says so. */
  send(address: Address, ...packet: readonly Uint8Array[]): void {
    const one = this.#neighbours.get(address);
    if (one === undefined) {
      this.#ask(address, packet);
    } else if (one.mac === undefined) {
      // Who is asked for again is asked as often again.
      one.asked = 0;
      one.packets.push(packet);
      if (one.packets.length > maxWaiting) one.packets.shift();
    } else {
      if (this.#stateOf(one) === 'STALE') this.#delay(one);
      for (const fragment of packet) this.#options.send(one.mac, fragment);
    }
  }

  /** A neighbour says its MAC address with something else that it says: not asked for, so it is not known that it hears us. */
  hear(address: Address, mac: MacAddress): void {
    if (isGroupMac(mac)) return;
    const one = this.#neighbours.get(address) ?? this.#add(address);
    if (one.mac !== mac) this.#settle(one, mac, 'STALE');
  }

  /** An advertisement. One of somebody who is not known is ignored. [RFC 4861, 7.2.5] */
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

  /** The neighbour has answered something that we sent: it hears us. [RFC 4861, 7.3.1] */
  confirm(address: Address): void {
    const one = this.#neighbours.get(address);
    if (one?.mac !== undefined) this.#settle(one, one.mac, 'REACHABLE');
  }

  /** Forgets everybody, and what waits for them. */
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

  /** Asks, three times at most; after that it is not there. */
  #solicit(one: Neighbour<Address>): void {
    if (one.asked === maxSolicitations) {
      this.#forget(one);
      return;
    }
    one.asked++;
    one.timer = this.#options.clock.after(retransTimer, () => this.#solicit(one));
    this.#options.solicit(one.address, one.mac);
  }

  /** It is not known whether it is there: waits for a sign of that, then asks it. */
  #delay(one: Neighbour<Address>): void {
    one.state = 'DELAY';
    one.asked = 0;
    one.timer = this.#options.clock.after(delayFirstProbe, () => {
      one.state = 'PROBE';
      this.#solicit(one);
    });
  }

  /** Ends all asking, and sends what waits. */
  #settle(one: Neighbour<Address>, mac: MacAddress, state: 'REACHABLE' | 'STALE'): void {
    one.timer?.[Symbol.dispose]();
    if (one.mac === undefined) this.#incomplete--;
    one.mac = mac;
    one.state = state;
    one.confirmed = this.#options.clock.monotonic();
    const { packets } = one;
    one.packets = [];
    // What is sent to a neighbour of whom it is not known whether it hears us begins the asking.
    if (packets.length > 0 && state === 'STALE') this.#delay(one);
    for (const packet of packets.flat()) this.#options.send(mac, packet);
  }

  #forget(one: Neighbour<Address>): void {
    one.timer?.[Symbol.dispose]();
    if (one.mac === undefined) this.#incomplete--;
    this.#neighbours.delete(one.address);
  }
}
