import type { Clock, Timer } from '../clock.ts';
import { BacklogBudget } from '../ports/backlog.ts';
import { BreathLoop } from '../plane/breath.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { maxFrame, type Breath, type PacedPort, type Port } from '../ports/port.ts';
import { openLoop } from '../system/loop.ts';
import type { Log } from '../log.ts';

/** What a loop of frames is given. */
export interface FrameLoopOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Is told at the end of each breath, when all that was sent is flushed. */
  readonly flushed: () => void;
  /** Overwrites received frames after each breath, so that tests find whoever kept one. Default: false. */
  readonly poison?: boolean;
}

/** What each port may have waiting, in octets. */
const room = 8 * 2 ** 20;

/** How often it is looked whether all has arrived, and how long nothing at all may arrive meanwhile, in milliseconds. */
const drainInterval = 5;
const drainPatience = 10_000;

/** What is still to be done with before the end. */
export interface Drain {
  /** Whom that is for; they are read no more. */
  readonly ports: () => readonly Port[];
  /** How much is on its way to them elsewhere, in any measure. Default: nothing. */
  readonly underWay?: () => number;
}

/** The event loop of a command that carries frames between a few ports: each piece of work is a breath, at whose end they leave together. */
export class FrameLoop implements Disposable {
  /** What the ports of this loop are to be opened with. */
  readonly environment: PortEnvironment;
  /** Runs work as one breath. */
  readonly breath: Breath;
  readonly #options: FrameLoopOptions;
  readonly #breaths: BreathLoop;
  #look: Timer | undefined;

  constructor(options: FrameLoopOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#breaths = new BreathLoop({ end: () => this.#end() });
    this.breath = this.#breaths.run;
    const loop = openLoop({ frameSize: maxFrame, breath: this.breath });
    const budget = new BacklogBudget({ budget: 4 * room, frames: Infinity, octets: room });
    this.environment = { clock, log, breath: this.breath, release: (done) => this.#breaths.release(done), loop, budget };
  }

  /** Hands a frame to a port, inside a breath. */
  transmit(port: Port, frame: Uint8Array): void {
    this.#breaths.give(port, frame);
  }

  /** Calls `done` when all that was sent has arrived, or will not. Not before whatever is being done is done. */
  drain({ ports, underWay = () => 0 }: Drain, done: () => void): void {
    const { clock } = this.#options;
    let [left, since] = [Infinity, clock.monotonic()];
    const look = (): void => {
      const paced = ports().filter(isPaced);
      for (const port of paced) port.listen(false);
      const now = clock.monotonic();
      const still = underWay() + paced.reduce((sum, port) => sum + port.waiting + Number(!port.arrived), 0);
      if (still !== left) [left, since] = [still, now];
      if (still === 0 || now - since > drainPatience) done();
      else this.#look = clock.after(drainInterval, look);
    };
    // Not in the midst of a breath, which sends more; and promises go on outside of what the loop calls.
    clock.defer(look);
  }

  [Symbol.dispose](): void {
    this.#look?.[Symbol.dispose]();
  }

  #end(): void {
    const { flushed, poison = false } = this.#options;
    try {
      flushed();
    } finally {
      if (poison) this.environment.loop.poison();
    }
  }
}

/** Whether a port can be made to wait. */
export function isPaced(port: Port): port is PacedPort {
  return 'listen' in port;
}

/** How much waits to be taken by the other side of a port, in octets. */
export function waitingFor(port: Port): number {
  return isPaced(port) ? port.waiting : 0;
}
