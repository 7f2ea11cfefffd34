import type { Clock, Timer } from '../clock.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { isGroupMac, readMac, type MacAddress } from '../wire/mac.ts';

/** The callbacks and clock of a host's table of neighbours. */
export interface ArpTableOptions {
  readonly clock: Clock;
  /** Broadcasts a request for the owner of an address. */
  readonly ask: (address: Ipv4Address) => void;
  /** Sends an IPv4 packet to a neighbour. */
  readonly send: (mac: MacAddress, packet: Uint8Array) => void;
}

/** A neighbour. */
export interface ArpEntry {
  readonly address: Ipv4Address;
  readonly mac: MacAddress;
  /** Milliseconds since its last ARP message. */
  readonly age: number;
}

/** How long an entry is valid, in milliseconds. [RFC 1122, 2.3.2.1] */
const lifetime = 60_000;
/** Milliseconds between two requests for an address. [RFC 1122, 2.3.2.1] */
const askAgain = 1000;
const maxQuestions = 3;
const maxKnown = 1024;
const maxAsked = 64;
/** The most packets that wait for one address; a further one replaces the oldest. [RFC 1122, 2.3.2.2] */
const maxWaiting = 8;

interface Known {
  readonly address: Ipv4Address;
  mac: MacAddress;
  since: number;
}

interface Question {
  /** The packets, each with all of its fragments. */
  readonly packets: (readonly Uint8Array[])[];
  asked: number;
  timer: Timer | undefined;
}

/** The MAC addresses of neighbours on the link, and the packets that wait for one. [RFC 826] */
export class ArpTable implements Disposable {
  readonly #options: ArpTableOptions;
  // The keys are signed, so that V8 stores them as small integers. Unsigned keys of the upper half would allocate an object at each
  // look-up.
  readonly #known = new Map<number, Known>();
  readonly #questions = new Map<number, Question>();

  constructor(options: ArpTableOptions) {
    this.#options = options;
  }

  /** All known neighbours, in the order in which they were learned. */
  get entries(): ArpEntry[] {
    const now = this.#options.clock.monotonic();
    return Array.from(this.#known.values(), ({ address, mac, since }) => ({ address, mac, age: now - since })).filter(isFresh);
  }

  /** Returns the MAC address of a neighbour; undefined if it is unknown or has expired. */
  macOf(address: Ipv4Address): MacAddress | undefined {
    const known = this.#known.get(address | 0);
    return known === undefined || this.#options.clock.monotonic() - known.since > lifetime ? undefined : known.mac;
  }

  /**
   * Sends a packet, or its fragments, to the neighbour with that address, as soon as its MAC address is known. If the neighbour does not
   * answer, the packet is dropped.
   */
  send(address: Ipv4Address, ...packet: readonly Uint8Array[]): void {
    const mac = this.macOf(address);
    if (mac !== undefined) {
      for (const fragment of packet) this.#options.send(mac, fragment);
      return;
    }
    const question = this.#questions.get(address | 0);
    if (question === undefined) {
      if (this.#questions.size < maxAsked) this.#ask(address, { packets: [packet], asked: 0, timer: undefined });
      return;
    }
    // A new packet starts the count of requests again.
    question.asked = 0;
    question.packets.push(packet);
    if (question.packets.length > maxWaiting) question.packets.shift();
  }

  /**
   * Updates a neighbour from a frame that is not for this host. Only a neighbour that is known or being asked for is updated; its MAC
   * address is read at `macAt`. Allocates nothing, because every host on a link calls it for each ARP request.
   */
  refresh(address: Ipv4Address, frame: Uint8Array, macAt: number): void {
    const known = this.#known.get(address | 0);
    if (known === undefined) {
      if (this.#questions.has(address | 0)) this.learn(address, readMac(frame, macAt));
      return;
    }
    const mac = readMac(frame, macAt);
    if (isGroupMac(mac)) return;
    if (known.mac !== mac) known.mac = mac;
    known.since = this.#options.clock.monotonic();
    if (this.#questions.size > 0) this.#answer(address | 0, mac);
  }

  /** Records the owner of an address from a message that it sent to us. [RFC 826, Packet Reception] */
  learn(address: Ipv4Address, mac: MacAddress): void {
    if (isGroupMac(mac)) return;
    const key = address | 0;
    // Keeps the map in order of age: its first entry is the next one removed.
    this.#known.delete(key);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= maxKnown && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, { address, mac, since: this.#options.clock.monotonic() });
    this.#answer(key, mac);
  }

  /** Forgets all neighbours, and drops the packets that wait for them. */
  clear(): void {
    this.#known.clear();
    for (const [key, question] of this.#questions) this.#close(key, question);
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #ask(address: Ipv4Address, question: Question): void {
    if (question.asked === maxQuestions) {
      this.#close(address | 0, question);
      return;
    }
    question.asked++;
    this.#questions.set(address | 0, question);
    question.timer = this.#options.clock.after(askAgain, () => this.#ask(address, question));
    this.#options.ask(address);
  }

  #answer(key: number, mac: MacAddress): void {
    const question = this.#questions.get(key);
    if (question === undefined) return;
    this.#close(key, question);
    for (const packet of question.packets.flat()) this.#options.send(mac, packet);
  }

  #close(key: number, question: Question): void {
    question.timer?.[Symbol.dispose]();
    this.#questions.delete(key);
  }
}

function isFresh({ age }: ArpEntry): boolean {
  return age <= lifetime;
}
