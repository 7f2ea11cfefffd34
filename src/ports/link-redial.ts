import type { PortEnvironment } from './environment.ts';
import { LinkLog } from './link-log.ts';
import { Redial } from './redial.ts';

/** How a port that our side opens waits and comes back: it dials with back-off for as long as it takes, and the log says so once. */
export class LinkRedial implements Disposable {
  readonly #log: LinkLog;
  readonly #redial: Redial;
  #open = true;

  /** `name` is the other side, as the log calls it. `dial` makes one attempt, which ends by `up` or by `down`. */
  constructor(environment: PortEnvironment, name: () => string, dial: () => void) {
    this.#log = new LinkLog(environment, name);
    this.#redial = new Redial(environment.clock, dial);
  }

  /** The other side is there. `quiet`: nobody has to be told, since nobody waited. */
  up(options?: { quiet?: boolean }): void {
    this.#log.up(options);
  }

  /** The other side speaks. Only now the next wait is short again: a peer that closes at once must not be dialled at full speed. */
  heard(): void {
    this.#redial.held();
  }

  /** The attempt failed, or the other side is gone: there is another attempt after the wait. */
  down(reason: string): void {
    if (!this.#open) return;
    this.#log.down(reason);
    this.#redial.failed();
  }

  /** Ends the attempts. */
  [Symbol.dispose](): void {
    this.#open = false;
    this.#redial[Symbol.dispose]();
  }
}
