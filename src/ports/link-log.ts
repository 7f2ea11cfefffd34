import type { PortEnvironment } from './environment.ts';

/** What the log says of a port that waits for its other side: one line when the wait begins, and one when it is over. */
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

  /** The other side is there. `quiet`: nobody has to be told, since nobody waited. */
  up({ quiet = false } = {}): void {
    if (!this.#linked && !quiet) this.#environment.log(`linked to ${this.#name()}`);
    this.#linked = true;
    this.#told = false;
  }

  /** The other side is not there, or gone. */
  down(reason: string): void {
    if (!this.#told) this.#environment.log.warn(`no link to ${this.#name()}: ${reason}; trying again until it is there`);
    this.#told = true;
    this.#linked = false;
  }
}
