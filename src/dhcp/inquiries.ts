/** Asks the holders of addresses that others claim whether they are there. [RFC 5227, 2.4] */
import type { Clock, Timer } from '../clock.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';

/** What an inquiry does. */
export interface Inquiry {
  /** Asks the holder. */
  readonly ask: () => void;
  /** The holder answered, or did not. */
  readonly concluded: (answered: boolean) => void;
}

/** Milliseconds in which an answer is awaited, after each of so many questions. */
const answerTime = 500;
const questions = 2;
/** Milliseconds in which a holder that answered is not asked again. */
const peaceTime = 10_000;
/** Inquiries at a time. Claims beyond are not believed: an ARP storm must not end leases that nobody could be asked about. */
const maxInquiries = 64;

interface Open {
  readonly inquiry: Inquiry;
  answered: boolean;
  timer: Timer;
}

/** The inquiries that are open, one for each address. */
export class Inquiries implements Disposable {
  readonly #clock: Clock;
  readonly #open = new Map<Ipv4Address, Open>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the holder of an address is being asked, or answered just now. */
  has(address: Ipv4Address): boolean {
    return this.#open.has(address);
  }

  /** Asks about an address, unless too much is being asked. */
  open(address: Ipv4Address, inquiry: Inquiry): void {
    if (this.#open.size >= maxInquiries) return;
    inquiry.ask();
    const open: Open = { inquiry, answered: false, timer: this.#clock.after(answerTime, () => this.#goOn(address, open, 1)) };
    this.#open.set(address, open);
  }

  /** The holder of an address was heard. */
  answered(address: Ipv4Address): void {
    const open = this.#open.get(address);
    if (open === undefined || open.answered) return;
    open.answered = true;
    open.timer[Symbol.dispose]();
    open.timer = this.#clock.after(peaceTime, () => void this.#open.delete(address));
    open.inquiry.concluded(true);
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#open.values()) timer[Symbol.dispose]();
    this.#open.clear();
  }

  #goOn(address: Ipv4Address, open: Open, asked: number): void {
    if (asked < questions) {
      open.inquiry.ask();
      open.timer = this.#clock.after(answerTime, () => this.#goOn(address, open, asked + 1));
      return;
    }
    this.#open.delete(address);
    open.inquiry.concluded(false);
  }
}
