import type { PortEnvironment } from './environment.ts';

/** The log of a port that waits for its other side: one line when the wait begins, and one when it is over. */
export class LinkLog {
  readonly #environment: Pick<PortEnvironment, 'log'>;
  readonly #name: () => string;
  #linked = false;
  #told = false;

  /** `name` is the other side, as the log calls it. */
  constructor(environment: Pick<PortEnvironment, 'log'>, name: () => string) {
    this.#environment = environment;
    this.#name = name;
  }

  /** Notes that the other side is connected. `quiet`: without a line in the log, since there was no wait. */
  up({ quiet = false } = {}): void {
    if (!this.#linked && !quiet) this.#environment.log(`linked to ${this.#name()}`);
    this.#linked = true;
    this.#told = false;
  }

  /** Notes that the other side is missing, or has closed. */
  down(reason: string): void {
    if (!this.#told) this.#environment.log.warn(`no link to ${this.#name()}: ${reason}; trying again until it is there`);
    this.#told = true;
    this.#linked = false;
  }
}
