import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { Channel } from './channel.ts';
import { flap, type FlapTimes } from './flap.ts';
import type { ImpairmentDrop } from './impairment.ts';
import type { Breath, Port, PortCounters, Receiver } from './port.ts';

/** What an impaired port is given. */
export interface ImpairedPortEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly breath: Breath;
}

/** A port around a port, which treats frames badly on purpose, each way for itself. */
export class ImpairedPort implements Port {
  /** What befalls frames on the way out, and in. */
  readonly out: Channel;
  readonly in: Channel;
  /** How many frames were lost here, by why. */
  readonly lost = new Map<ImpairmentDrop, number>();
  readonly #inner: Port;
  readonly #environment: ImpairedPortEnvironment;
  readonly #failures = new Set<object>();
  #receiver: Receiver | undefined;
  #up = false;

  constructor(inner: Port, environment: ImpairedPortEnvironment) {
    this.#inner = inner;
    this.#environment = environment;
    const { clock, random, breath } = environment;
    const dropped = (_frame: Uint8Array, why: ImpairmentDrop): void => void this.lost.set(why, (this.lost.get(why) ?? 0) + 1);
    this.out = new Channel({
      ...{ clock, random, dropped },
      deliver: (frame) => inner.transmit(frame),
      // Whoever sends later than he was flushed must flush for himself.
      breath: (work) =>
        breath(() => {
          work();
          inner.flush();
        }),
    });
    this.in = new Channel({ clock, random, dropped, breath, deliver: (frame) => this.#receiver?.receive(frame) });
  }

  get module(): string {
    return this.#inner.module;
  }

  get description(): string {
    return `${this.#inner.description} (impaired)`;
  }

  get counters(): PortCounters {
    return this.#inner.counters;
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#inner.attach({
      receive: (frame) => {
        if (this.#failures.size === 0) this.in.submit(frame);
      },
      carrier: (up) => {
        this.#up = up;
        if (this.#failures.size === 0) receiver.carrier(up);
      },
      closed: (reason) => {
        this.#end();
        receiver.closed(reason);
      },
    });
  }

  transmit(frame: Uint8Array): void {
    if (this.#failures.size === 0) this.out.submit(frame);
  }

  flush(): void {
    this.#inner.flush();
  }

  /** Takes the carrier away until disposed, and loses what is on its way; several last until the last one ends. */
  fail(): Disposable {
    const failure = {};
    this.#change(() => this.#failures.add(failure));
    return { [Symbol.dispose]: () => this.#change(() => this.#failures.delete(failure)) };
  }

  /** Takes the carrier away now, and again and again, until disposed. */
  flap(times: FlapTimes): Disposable {
    return flap(this.#environment.clock, times, () => this.fail());
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    return this.#inner[Symbol.asyncDispose]();
  }

  #change(change: () => void): void {
    const before = this.#failures.size === 0;
    change();
    const now = this.#failures.size === 0;
    if (now === before) return;
    for (const channel of [this.in, this.out]) channel.cut();
    if (this.#up) this.#environment.breath(() => this.#receiver?.carrier(now));
  }

  #end(): void {
    this.in[Symbol.dispose]();
    this.out[Symbol.dispose]();
  }
}
