import type { Clock } from '../clock.ts';
import { BacklogBudget } from '../ports/backlog.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { maxFrame, type Port } from '../ports/port.ts';
import { openLoop, type Loop } from '../system/loop.ts';

/** What a loop of frames is given. */
export interface FrameLoopOptions {
  readonly clock: Clock;
  readonly log: (message: string) => void;
  /** Is told at the end of each breath, when all that was sent is flushed. */
  readonly flushed: () => void;
  /** Overwrites received frames after each breath, so that tests find whoever kept one. Default: false. */
  readonly poison?: boolean;
}

/** What each port may have waiting, in octets. */
const room = 8 * 2 ** 20;

/** The event loop of a command that carries frames between a few ports: each piece of work is a breath, at whose end they leave together. */
export class FrameLoop {
  /** What the ports of this loop are to be opened with. */
  readonly environment: PortEnvironment;
  readonly #options: FrameLoopOptions;
  readonly #loop: Loop;
  readonly #touched = new Set<Port>();
  #breathing = false;

  constructor(options: FrameLoopOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#loop = openLoop({ frameSize: maxFrame, breath: this.breath });
    const budget = new BacklogBudget({ budget: 4 * room, frames: Infinity, octets: room });
    this.environment = { clock, log, breath: this.breath, loop: this.#loop, budget };
  }

  /** Hands a frame to a port, inside a breath. */
  transmit(port: Port, frame: Uint8Array): void {
    port.transmit(frame);
    this.#touched.add(port);
  }

  readonly breath = (work: () => void): void => {
    if (this.#breathing) {
      work();
      return;
    }
    this.#breathing = true;
    try {
      work();
    } finally {
      this.#end();
    }
  };

  #end(): void {
    try {
      for (const port of this.#touched) port.flush();
      this.#options.flushed();
    } finally {
      this.#touched.clear();
      this.#breathing = false;
      if (this.#options.poison) {
        this.#loop.ring.poison();
        this.#loop.streams.poison();
      }
    }
  }
}
