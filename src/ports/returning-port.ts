import type { Clock } from '../clock.ts';
import { isForUser, reasonOf } from '../errors.ts';
import type { PortEnvironment } from './environment.ts';
import { LinkRedial } from './link-redial.ts';
import { LastingPort } from './lasting-port.ts';
import { newPortCounters, type Port, type PortCounters } from './port.ts';

/** What a returning port opens, again and again. */
export interface ReturningPortOptions {
  readonly module: string;
  readonly description: string;
  /** The other side, as the log calls it: `the switch at /run/a`. */
  readonly name: string;
  /** Opens the port once. Its frames are counted in `counters`. Throws an error that is for the user. */
  readonly open: (counters: PortCounters) => Promise<Port> | Port;
  /** Whether the port leaves its other side while it is down: there is no other way to tell it. Default: false. */
  readonly leavesWhenDown?: boolean;
  /** Whether the first attempt may fail so, because the other side is not there yet; any other error is thrown. */
  readonly mayWait: (error: Error) => boolean;
}

/**
 * A port that is there for good, made of ports that end with their other side: it waits for one that is not there yet, and comes back after
 * one that has gone. It is down meanwhile.
 */
export class ReturningPort extends LastingPort {
  readonly module: string;
  readonly description: string;
  readonly counters = newPortCounters();
  readonly #open: ReturningPortOptions['open'];
  readonly #redial: LinkRedial;
  readonly #leavesWhenDown: boolean;
  readonly #clock: Clock;
  /** How many frames had come when the current port was opened. */
  #before = 0;
  #opening = false;
  #ended = false;

  private constructor({ module, description, name, open, leavesWhenDown = false }: ReturningPortOptions, environment: PortEnvironment) {
    super();
    this.module = module;
    this.description = description;
    this.#open = open;
    this.#leavesWhenDown = leavesWhenDown;
    this.#clock = environment.clock;
    this.#redial = new LinkRedial(
      environment,
      () => name,
      () => void this.#again(),
    );
  }

  /** Makes the first attempt. Throws what that throws, unless it is a reason to wait. */
  static async open(options: ReturningPortOptions, environment: PortEnvironment): Promise<ReturningPort> {
    const port = new ReturningPort(options, environment);
    try {
      port.current = await options.open(port.counters);
      port.#redial.up({ quiet: true });
    } catch (error) {
      if (!isForUser(error) || !options.mayWait(error)) throw error;
      port.#redial.down(reasonOf(error));
    }
    return port;
  }

  /** The medium of the port tells the other side, or that it leaves does. */
  enable(up: boolean): void {
    if (this.up === up) return;
    this.up = up;
    if (!this.#leavesWhenDown) this.current?.enable(up);
    // Promises do not run on after a readiness callback, which a command of the console is.
    else if (up) this.#clock.defer(() => void this.#again());
    else {
      void this.#close();
      this.receiver?.carrier(false);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#redial[Symbol.dispose]();
    await this.#close();
  }

  async #close(): Promise<void> {
    const port = this.current;
    this.current = undefined;
    await port?.[Symbol.asyncDispose]();
  }

  #isWanted(): boolean {
    return !this.#ended && (this.up || !this.#leavesWhenDown);
  }

  async #again(): Promise<void> {
    if (this.current || this.#opening || !this.#isWanted()) return;
    this.#opening = true;
    try {
      const port = await this.#open(this.counters);
      if (!this.#isWanted()) {
        void port[Symbol.asyncDispose]();
        return;
      }
      this.#before = this.counters.receivedFrames;
      this.#redial.up();
      this.join(port);
    } catch (error) {
      if (!isForUser(error)) throw error;
      if (this.#isWanted()) this.#redial.down(reasonOf(error));
    } finally {
      this.#opening = false;
    }
  }

  protected override lost(reason: string): void {
    if (this.counters.receivedFrames > this.#before) this.#redial.heard();
    this.#redial.down(reason);
  }
}
