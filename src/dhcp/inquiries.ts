/** Asks the holders of addresses that others claim whether they are present. [RFC 5227, 2.4] */
import type { Clock, Timer } from '../clock.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';

/** The callbacks of an inquiry. */
export interface Inquiry {
  /** Asks the holder. */
  readonly ask: () => void;
  /** Called when the holder has answered, or has not answered in time. */
  readonly concluded: (answered: boolean) => void;
}

/** Milliseconds to wait for an answer after each question, and the number of questions. */
const answerTime = 500;
const questions = 2;
/** Milliseconds for which a holder that has answered is not asked again. */
const peaceTime = 10_000;
/** The most inquiries at a time. Further claims are not believed: otherwise an ARP storm could end leases without an inquiry. */
const maxInquiries = 64;

interface Open {
  readonly inquiry: Inquiry;
  answered: boolean;
  timer: Timer;
}

/** The open inquiries, one for each address. */
export class Inquiries implements Disposable {
  readonly #clock: Clock;
  readonly #open = new Map<Ipv4Address, Open>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns whether the holder of an address is being asked, or has answered recently. */
  has(address: Ipv4Address): boolean {
    return this.#open.has(address);
  }

  /** Asks about an address, unless there are too many inquiries. */
  open(address: Ipv4Address, inquiry: Inquiry): void {
    if (this.#open.size >= maxInquiries) return;
    inquiry.ask();
    const open: Open = { inquiry, answered: false, timer: this.#clock.after(answerTime, () => this.#goOn(address, open, 1)) };
    this.#open.set(address, open);
  }

  /** Notes a frame from the holder of an address. */
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
