import type { Clock } from '../clock.ts';
import { isForUser, reasonOf } from '../errors.ts';
import type { PortEnvironment } from './environment.ts';
import { LinkRedial } from './link-redial.ts';
import { LastingPort } from './lasting-port.ts';
import { newPortCounters, type Port, type PortCounters } from './pure/port.ts';

/** The inner port of a returning port, and how it is opened. */
export interface ReturningPortOptions {
  readonly module: string;
  readonly description: string;
  /** The other side, as the log calls it: `the switch at /run/a`. */
  readonly name: string;
  /** Opens the port once. Its frames are counted in `counters`. Throws an error that is for the user. */
  readonly open: (counters: PortCounters) => Promise<Port> | Port;
  /** True if the port disconnects from its other side while it is taken down, because it has no other way to inform that side. Default: false. */
  readonly leavesWhenDown?: boolean;
  /** Returns whether the first attempt may fail with that error, because the other side does not exist yet; any other error is thrown. */
  readonly mayWait: (error: Error) => boolean;
}

/**
 * A permanent port made of ports that end with their other side. It waits for a side that does not exist yet, and returns after one that
 * has closed. Meanwhile it is down.
 */
export class ReturningPort extends LastingPort {
  readonly module: string;
  readonly description: string;
  readonly counters = newPortCounters();
  readonly #open: ReturningPortOptions['open'];
  readonly #redial: LinkRedial;
  readonly #leavesWhenDown: boolean;
  readonly #clock: Clock;
  /** The number of frames received before the current port was opened. */
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

  /** Makes the first attempt. Throws its error, unless that is a reason to wait. */
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

  /** Informs the other side: by the medium of the port, or by leaving. */
  enable(up: boolean): void {
    if (this.up === up) return;
    this.up = up;
    if (!this.#leavesWhenDown) this.current?.enable(up);
    // Promises do not continue after a readiness callback, and a command of the console runs in one.
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
