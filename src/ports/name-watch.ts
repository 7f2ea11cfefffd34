import type { Timer } from '../clock.ts';
import { reasonOf } from '../errors.ts';
import type { IpFamily } from '../system/ip-address.ts';
import type { PortEnvironment } from './environment.ts';
import { onceAMinute } from './once-a-minute.ts';
import type { PortCounters } from './pure/port.ts';
import type { resolveHost } from './tcp-address.ts';

/** The host that a port sends to, and how it is known. */
export interface WatchedName {
  /** The name of the host. */
  readonly host: string;
  /** The address that it had when the port was opened. */
  readonly address: string;
  /** The family of the addresses that the port can use; undefined for both. */
  readonly family: IpFamily | undefined;
  /** The frames of the port. */
  readonly counters: PortCounters;
  readonly resolve: typeof resolveHost;
  /** Called when the name has another address. */
  readonly moved: (address: string) => void;
}

/** How often a host that is not reached is looked for, in milliseconds. */
const lookInterval = 5_000;

/** After how many intervals without a frame from it, while frames were sent to it, a host counts as not reached: a minute. */
const patience = 12;

/**
 * Resolves a name again while its host is not reached, by a medium that has no connections: when frames were refused, or nothing has come for
 * a minute while frames were sent.
 */
export class NameWatch implements Disposable {
  readonly #name: WatchedName;
  readonly #environment: PortEnvironment;
  readonly #warn: (message: string) => void;
  #timer: Timer;
  #refused = false;
  #silence = 0;
  #received: number;
  #sent: number;
  #open = true;

  constructor(name: WatchedName, environment: PortEnvironment) {
    this.#name = name;
    this.#environment = environment;
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
    this.#received = name.counters.receivedFrames;
    this.#sent = name.counters.sentFrames;
    this.#timer = this.#lookLater();
  }

  /** Notes that a frame to the host was refused. */
  refused(): void {
    this.#refused = true;
  }

  [Symbol.dispose](): void {
    this.#open = false;
    this.#timer[Symbol.dispose]();
  }

  #lookLater(): Timer {
    return this.#environment.clock.after(lookInterval, () => void this.#look());
  }

  async #look(): Promise<void> {
    if (this.#isMissed()) await this.#resolveAgain();
    if (this.#open) this.#timer = this.#lookLater();
  }

  /** Returns whether the host was not reached, and begins another interval. */
  #isMissed(): boolean {
    const { receivedFrames, sentFrames } = this.#name.counters;
    if (receivedFrames !== this.#received) this.#silence = 0;
    else if (sentFrames !== this.#sent) this.#silence++;
    this.#received = receivedFrames;
    this.#sent = sentFrames;
    const isMissed = this.#refused || this.#silence >= patience;
    this.#refused = false;
    if (isMissed) this.#silence = 0;
    return isMissed;
  }

  async #resolveAgain(): Promise<void> {
    const { host, address, family, resolve, moved } = this.#name;
    try {
      const now = await resolve(host, family);
      if (this.#open && now !== address) moved(now);
    } catch (error) {
      if (this.#open) this.#warn(`${host} does not answer at ${address}, and its name cannot be resolved again: ${reasonOf(error)}`);
    }
  }
}
