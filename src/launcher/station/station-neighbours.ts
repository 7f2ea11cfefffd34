import type { Clock, Timer } from '../../clock.ts';
import type { Ipv4Address } from '../../wire/ipv4.ts';
import type { MacAddress } from '../../wire/mac.ts';

/** What a station's table of neighbours is made of. */
export interface NeighboursOptions {
  readonly clock: Clock;
  /** Asks everybody on the link who has that address. */
  readonly ask: (address: Ipv4Address) => void;
  /** Sends an IPv4 packet to a neighbour. */
  readonly send: (mac: MacAddress, packet: Uint8Array) => void;
}

/** How long an entry holds, in milliseconds. [RFC 1122, 2.3.2.1] */
const lifetime = 60_000;
/** Milliseconds from one question to the next: at most one per second and address. [RFC 1122, 2.3.2.1] */
const askAgain = 1000;
const maxQuestions = 3;
const maxKnown = 1024;
const maxAsked = 64;

interface Known {
  readonly mac: MacAddress;
  readonly since: number;
}

interface Question {
  /** The last packet that was to go there. [RFC 1122, 2.3.2.2] */
  packet: Uint8Array;
  asked: number;
  timer: Timer | undefined;
}

/** Who has which address on the link, and the packets that wait until that is known. [RFC 826] */
export class Neighbours implements Disposable {
  readonly #options: NeighboursOptions;
  readonly #known = new Map<Ipv4Address, Known>();
  readonly #questions = new Map<Ipv4Address, Question>();

  constructor(options: NeighboursOptions) {
    this.#options = options;
  }

  /** The neighbour with that address; undefined when nobody is known, or not any more. */
  macOf(address: Ipv4Address): MacAddress | undefined {
    const known = this.#known.get(address);
    return known === undefined || this.#options.clock.monotonic() - known.since > lifetime ? undefined : known.mac;
  }

  /** Sends a packet to the neighbour with that address, as soon as it is known who that is. It is dropped when nobody says so. */
  send(address: Ipv4Address, packet: Uint8Array): void {
    const mac = this.macOf(address);
    if (mac !== undefined) {
      this.#options.send(mac, packet);
      return;
    }
    const question = this.#questions.get(address);
    if (question !== undefined) question.packet = packet;
    else if (this.#questions.size < maxAsked) this.#ask(address, { packet, asked: 0, timer: undefined });
  }

  /** An ARP packet says who has an address. Who is not known yet is added when the packet was for us. [RFC 826, Packet Reception] */
  learn(address: Ipv4Address, mac: MacAddress, forUs: boolean): void {
    if (!forUs && !this.#known.has(address)) return;
    // In the order of their age: the first is the one to go.
    this.#known.delete(address);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= maxKnown && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(address, { mac, since: this.#options.clock.monotonic() });
    const question = this.#questions.get(address);
    if (question === undefined) return;
    this.#close(address, question);
    this.#options.send(mac, question.packet);
  }

  /** Forgets everybody, and what waits for them. */
  clear(): void {
    this.#known.clear();
    for (const [address, question] of this.#questions) this.#close(address, question);
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #ask(address: Ipv4Address, question: Question): void {
    if (question.asked === maxQuestions) {
      this.#close(address, question);
      return;
    }
    question.asked++;
    this.#questions.set(address, question);
    question.timer = this.#options.clock.after(askAgain, () => this.#ask(address, question));
    this.#options.ask(address);
  }

  #close(address: Ipv4Address, question: Question): void {
    question.timer?.[Symbol.dispose]();
    this.#questions.delete(address);
  }
}
