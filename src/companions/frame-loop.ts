import type { Clock, Timer } from '../clock.ts';
import { BacklogBudget, type BacklogBounds } from '../ports/pure/backlog.ts';
import { BreathLoop } from '../plane/breath.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { maxFrame, type Breath, type PacedPort, type Port } from '../ports/pure/port.ts';
import { openLoop } from '../system/loop.ts';
import type { Log } from '../log.ts';

/** The resources of a command that carries frames. */
export interface FrameLoopEnvironment {
  readonly clock: Clock;
  readonly log: Log;
  /** Overwrites received frames after each breath, so that tests find code that keeps a borrowed frame. Default: false. */
  readonly poison?: boolean;
}

/** The settings of a frame loop. */
export interface FrameLoopOptions extends FrameLoopEnvironment {
  /** Called at the end of each breath, after all frames are flushed. */
  readonly flushed?: () => void;
  /** The backlog limits of its ports. Default: 8 MiB for each port, however many frames. */
  readonly backlog?: BacklogBounds;
}

/** The backlog limit of each port, in octets. */
const room = 8 * 2 ** 20;

/**
 * The backlog limit in octets: while one port has more, the port opposite is not read. There is room for the rest of a breath beyond it, so
 * no frame is lost, and a slow reader makes the other side wait.
 */
const enough = 2 ** 20;

/** The interval between checks of the progress, and how long there may be none, in milliseconds. */
const drainInterval = 5;
const drainPatience = 10_000;

/** The frames that must arrive before the program ends. */
export interface Drain {
  /** The ports that the frames go to. They are no longer read. */
  readonly ports: () => readonly Port[];
  /** The amount of frames in transit to these ports elsewhere, in any unit. Default: 0. */
  readonly underWay?: () => number;
}

/**
 * The event loop of a command that carries frames between a few ports. Each piece of work is a breath, at whose end its frames leave
 * together.
 */
export class FrameLoop implements Disposable {
  /** The environment with which the ports of this loop must be opened. */
  readonly environment: PortEnvironment;
  /** Runs work as one breath. */
  readonly breath: Breath;
  readonly #options: FrameLoopOptions;
  readonly #breaths: BreathLoop;
  #look: Timer | undefined;

  constructor(options: FrameLoopOptions) {
    const { clock, log, backlog = { budget: 4 * room, frames: Infinity, octets: room } } = options;
    this.#options = options;
    this.#breaths = new BreathLoop({ end: () => this.#end() });
    this.breath = this.#breaths.run;
    const loop = openLoop({ frameSize: maxFrame, breath: this.breath });
    const release = (done: () => void): void => this.#breaths.release(done);
    this.environment = { clock, log, breath: this.breath, release, loop, budget: new BacklogBudget(backlog) };
  }

  /** Transmits a frame at a port, inside a breath. */
  transmit(port: Port, frame: Uint8Array): void {
    this.#breaths.give(port, frame);
  }

  /** Calls `done` when all sent frames have arrived, or when none has arrived for 10 s; never in the current breath. */
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
    // The first check is deferred, because the current breath may send more frames, and so may promise callbacks, which run after the
    // loop's callbacks.
    clock.defer(look);
  }

  [Symbol.dispose](): void {
    this.#look?.[Symbol.dispose]();
  }

  #end(): void {
    const { flushed, poison = false } = this.#options;
    try {
      flushed?.();
    } finally {
      if (poison) this.environment.loop.poison();
    }
  }
}

/** Returns true if reading from a port can be paused. */
export function isPaced(port: Port): port is PacedPort {
  return 'listen' in port;
}

/** Returns true if the backlog of a port is small enough for more frames. */
export function hasRoom(port: Port): boolean {
  return !isPaced(port) || port.waiting <= enough;
}
