import type { Timer } from '../clock.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import type { Port } from '../ports/port.ts';
import type { VdeClient } from '../ports/vde/vde-client.ts';
import { FrameLoop, isPaced, waitingFor, type FrameLoopOptions } from './frame-loop.ts';

/** The end of a cable that a plug opened. */
export interface PlugEnd extends AsyncDisposable {
  readonly port: Port;
  /** Resolves with what failed when the end goes by itself. Default: an end may go without a failure. */
  readonly failure?: () => Promise<string>;
}

/** What a cable is given. */
export interface CableOptions extends Omit<FrameLoopOptions, 'flushed'> {
  /** Sees each frame that goes from the second end to the first. Borrowed: valid until it returns. */
  readonly observe?: ((frame: Uint8Array) => void) | undefined;
}

/**
 * How much may wait for one end before the other is not read, in octets. What comes in the breath that goes beyond it has room all the same
 * in the loop, so nothing is lost on the cable: whoever reads too slowly makes the other side wait.
 */
const enough = 2 ** 20;

/** How long what is on its way may take to arrive when the cable is told to end, in milliseconds. */
const finishLimit = 2_000;

/** Carries frames between two ports, until one of them ends. */
export class Cable implements AsyncDisposable {
  /** Settles with the reason when an end has gone, and the other has taken what waited for it. */
  readonly ended: Promise<string>;
  readonly #options: CableOptions;
  readonly #loop: FrameLoop;
  #ends: readonly Port[] = [];
  #gone: string | undefined;
  #lost: Port | undefined;
  #limit: Timer | undefined;
  #settle: (reason: string) => void = () => undefined;

  constructor(options: CableOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    this.#loop = new FrameLoop({ ...options, flushed: () => this.#pace() });
  }

  /** What the ports of this cable are to be opened with. */
  get environment(): PortEnvironment {
    return this.#loop.environment;
  }

  /** The end that has gone by itself; undefined while both are there, and after `finish`. */
  get lost(): Port | undefined {
    return this.#lost;
  }

  /** Joins two ports of this cable, which belong to it from here. */
  join(first: Port, second: Port): void {
    this.#ends = [first, second];
    this.#attach(second, first, this.#options.observe);
    this.#attach(first, second);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#limit?.[Symbol.dispose]();
    this.#loop[Symbol.dispose]();
    for (const end of this.#ends) await end[Symbol.asyncDispose]();
    this.#ends = [];
  }

  #attach(from: Port, to: Port, observe?: (frame: Uint8Array) => void): void {
    from.attach({
      receive: (frame) => {
        observe?.(frame);
        this.#loop.transmit(to, frame);
      },
      carrier: () => undefined,
      closed: (reason) => this.#lose(from, reason),
    });
  }

  /** Reads an end only while the other takes what comes. */
  #pace(): void {
    const [first, second] = this.#ends;
    if (!first || !second || this.#gone !== undefined) return;
    if (isPaced(first)) first.listen(waitingFor(second) <= enough);
    if (isPaced(second)) second.listen(waitingFor(first) <= enough);
  }

  /** Settles `ended` when what the ends have heard and not been told of yet, and what is on its way, has arrived; that may not take long. */
  finish(reason: string): void {
    if (this.#gone !== undefined) return;
    this.#limit = this.#options.clock.after(finishLimit, () => this.#settle(reason));
    const hearing = this.#ends.filter(hearsOut);
    for (const end of hearing) end.endAfterReading(reason);
    if (hearing.length === 0) this.#drain(reason);
  }

  #lose(gone: Port, reason: string): void {
    this.#ends = this.#ends.filter((end) => end !== gone);
    if (this.#gone !== undefined) return;
    if (this.#limit === undefined) this.#lost = gone;
    this.#drain(reason);
  }

  #drain(reason: string): void {
    this.#gone = reason;
    this.#loop.drain({ ports: () => this.#ends }, () => this.#settle(reason));
  }
}

function hearsOut(port: Port): port is Port & Pick<VdeClient, 'endAfterReading'> {
  return 'endAfterReading' in port;
}
