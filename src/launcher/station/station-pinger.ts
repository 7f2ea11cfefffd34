import type { Clock, Timer } from '../../clock.ts';
import type { IcmpEcho } from '../../wire/icmp.ts';
import type { Ipv4Address } from '../../wire/ipv4.ts';

/** What a pinger is made of. */
export interface PingerOptions {
  readonly clock: Clock;
  /** Tells our echo requests from those of others: 16 bits. */
  readonly identifier: number;
  readonly peers: readonly Ipv4Address[];
  readonly send: (peer: Ipv4Address, echo: IcmpEcho) => void;
  /** What came of each request: the round trip in milliseconds, or undefined when the next was due before an answer came. */
  readonly onResult: (peer: Ipv4Address, milliseconds: number | undefined) => void;
}

/** Milliseconds from one request to the next. */
const interval = 1000;
/** As much as ping(8) sends by default, in octets. */
const payloadLength = 56;

/** Sends an echo request to each peer once a second, from now until it is disposed. [RFC 1122, 3.2.2.6] */
export class Pinger implements Disposable {
  readonly #options: PingerOptions;
  readonly #payload = Uint8Array.from({ length: payloadLength }, (_, index) => index);
  /** When the requests were sent that wait for an answer. */
  readonly #waiting = new Map<Ipv4Address, number>();
  #sequence = 0;
  #timer: Timer | undefined;

  constructor(options: PingerOptions) {
    this.#options = options;
    this.#ask();
  }

  /** An echo reply. One that nobody waits for, any more or at all, is ignored. */
  receive(peer: Ipv4Address, { identifier, sequence }: IcmpEcho): void {
    const sent = this.#waiting.get(peer);
    if (identifier !== this.#options.identifier || sequence !== this.#sequence || sent === undefined) return;
    this.#waiting.delete(peer);
    this.#options.onResult(peer, this.#options.clock.monotonic() - sent);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#waiting.clear();
  }

  #ask(): void {
    const { clock, identifier, peers, send, onResult } = this.#options;
    for (const peer of this.#waiting.keys()) onResult(peer, undefined);
    this.#timer = clock.after(interval, () => this.#ask());
    this.#sequence = (this.#sequence + 1) & 0xffff;
    for (const peer of peers) {
      this.#waiting.set(peer, clock.monotonic());
      send(peer, { type: 'request', identifier, sequence: this.#sequence, payload: this.#payload });
    }
  }
}
