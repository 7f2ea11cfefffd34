import type { Clock, Timer } from '../clock.ts';
import { BacklogBudget } from '../ports/backlog.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { maxFrame, type PacedPort, type Port } from '../ports/port.ts';
import { openLoop } from '../system/loop.ts';

/** What a cable is given. */
export interface CableOptions {
  readonly clock: Clock;
  /** Tells people what happened outside. */
  readonly log: (message: string) => void;
  /** Sees each frame that goes from the second end to the first. Borrowed: valid until it returns. */
  readonly observe?: ((frame: Uint8Array) => void) | undefined;
  /** Overwrites received frames after each breath, so that tests find whoever kept one. Default: false. */
  readonly poison?: boolean;
}

/**
 * How much may wait for one end before the other is not read, in octets. What comes in the breath that goes beyond it has room all the same,
 * so nothing is lost on the cable: whoever reads too slowly makes the other side wait.
 */
const enough = 2 ** 20;
const room = 8 * 2 ** 20;

/** How long what is on its way may take to arrive when one end has gone, and how often that is looked at, in milliseconds. */
const drainLimit = 2000;
const drainInterval = 5;

/** Carries frames between two ports, until one of them ends. */
export class Cable implements AsyncDisposable {
  /** What the ports of this cable are to be opened with. */
  readonly environment: PortEnvironment;
  /** Settles with the reason when an end has gone, and the other has taken what waited for it. */
  readonly ended: Promise<string>;
  readonly #options: CableOptions;
  #ends: readonly Port[] = [];
  #breathing = false;
  #gone: string | undefined;
  #look: Timer | undefined;
  #settle: (reason: string) => void = () => undefined;

  constructor(options: CableOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    this.environment = {
      clock,
      log,
      breath: this.#breath,
      loop: openLoop({ frameSize: maxFrame, breath: this.#breath }),
      budget: new BacklogBudget({ budget: 4 * room, frames: Infinity, octets: room }),
    };
  }

  /** Joins two ports of this cable, which belong to it from here. */
  join(first: Port, second: Port): void {
    this.#ends = [first, second];
    this.#attach(second, first, this.#options.observe);
    this.#attach(first, second);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#look?.[Symbol.dispose]();
    for (const end of this.#ends) await end[Symbol.asyncDispose]();
    this.#ends = [];
  }

  #attach(from: Port, to: Port, observe?: (frame: Uint8Array) => void): void {
    from.attach({
      receive: (frame) => {
        observe?.(frame);
        to.transmit(frame);
      },
      carrier: () => undefined,
      closed: (reason) => this.#lose(from, reason),
    });
  }

  readonly #breath = (work: () => void): void => {
    if (this.#breathing) {
      work();
      return;
    }
    this.#breathing = true;
    try {
      work();
    } finally {
      this.#endBreath();
      this.#breathing = false;
    }
  };

  #endBreath(): void {
    for (const end of this.#ends) end.flush();
    const [first, second] = this.#ends;
    if (first && second && this.#gone === undefined) {
      if (isPaced(first)) first.listen(waitingFor(second) <= enough);
      if (isPaced(second)) second.listen(waitingFor(first) <= enough);
    }
    if (!this.#options.poison) return;
    this.environment.loop.ring.poison();
    this.environment.loop.streams.poison();
  }

  #lose(gone: Port, reason: string): void {
    this.#ends = this.#ends.filter((end) => end !== gone);
    // Nobody would get what still comes.
    for (const end of this.#ends) if (isPaced(end)) end.listen(false);
    this.#gone ??= reason;
    const { clock } = this.#options;
    const limit = clock.monotonic() + drainLimit;
    const settle = (): void => {
      if (clock.monotonic() > limit || this.#ends.every((end) => !isPaced(end) || end.arrived)) this.#settle(reason);
      else this.#look = clock.after(drainInterval, settle);
    };
    // Not in the midst of a breath, which sends more; and promises go on outside of what the loop calls.
    clock.defer(settle);
  }
}

function isPaced(port: Port): port is PacedPort {
  return 'listen' in port;
}

function waitingFor(port: Port): number {
  return isPaced(port) ? port.waiting : 0;
}
