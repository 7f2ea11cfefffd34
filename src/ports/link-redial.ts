import type { PortEnvironment } from './environment.ts';
import { LinkLog } from './link-log.ts';
import { Redial } from './pure/redial.ts';

/** The redialling of a port that our side opens: it dials with back-off without a limit, and the log has one line about it. */
export class LinkRedial implements Disposable {
  readonly #log: LinkLog;
  readonly #redial: Redial;
  #open = true;

  /** `name` is the other side, as the log calls it. `dial` makes one attempt, which ends by `up` or by `down`. */
  constructor(environment: PortEnvironment, name: () => string, dial: () => void) {
    this.#log = new LinkLog(environment, name);
    this.#redial = new Redial(environment.clock, dial);
  }

  /** Notes that the other side is connected. `quiet`: without a line in the log, since there was no wait. */
  up(options?: { quiet?: boolean }): void {
    this.#log.up(options);
  }

  /**
   * Notes that the other side has sent something. Only then is the next wait short again: a peer that closes at once must not be dialled at
   * full speed.
   */
  heard(): void {
    this.#redial.held();
  }

  /** Notes that the attempt failed, or that the other side has closed: another attempt follows after the wait. */
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
