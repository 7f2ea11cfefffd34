import type { Clock } from '../../clock.ts';
import { BacklogBudget } from '../../ports/backlog.ts';
import { BreathLoop } from '../../plane/breath.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import { maxFrame, type Breath } from '../../ports/port.ts';
import { Redial } from '../../ports/redial.ts';
import { VdeClient } from '../../ports/vde/vde-client.ts';
import { openLoop } from '../../system/loop.ts';
import type { Log } from '../../log.ts';

/** How a station is plugged in. */
export interface StationLinkOptions {
  /** The switch's directory. */
  readonly directory: string;
  /** What the switch shows of the station. */
  readonly description: string;
  /** A frame came in. Borrowed: its octets are valid until the call returns. */
  readonly receive: (frame: Uint8Array) => void;
  /** The switch is gone, or back. It is there at first. */
  readonly carrier: (up: boolean) => void;
}

/** What a station's link is given. */
export interface StationLinkEnvironment {
  readonly clock: Clock;
  readonly log: Log;
  /** Overwrites received frames after each breath, so that tests find whoever kept one. Default: false. */
  readonly poison?: boolean;
}

/** A cable to a VDE switch that plugs itself in again when the switch comes back. Frames for a switch that is away are dropped. */
export class StationUplink implements AsyncDisposable {
  /** Runs work as one breath. */
  readonly breath: Breath;
  readonly #options: StationLinkOptions;
  readonly #environment: PortEnvironment;
  readonly #breaths: BreathLoop;
  readonly #abort = new AbortController();
  readonly #redial: Redial;
  #port: VdeClient | undefined;

  private constructor(options: StationLinkOptions, { clock, log, poison = false }: StationLinkEnvironment) {
    this.#options = options;
    this.#breaths = new BreathLoop({ ...(poison && { end: () => loop.poison() }) });
    this.breath = this.#breaths.run;
    const loop = openLoop({ frameSize: maxFrame, breath: this.breath });
    const release = (done: () => void): void => this.#breaths.release(done);
    this.#environment = { clock, log, breath: this.breath, release, loop, budget: new BacklogBudget() };
    this.#redial = new Redial(clock, () => this.#dialAgain());
  }

  /** Throws what VdeClient.open throws when the switch cannot be had at first, and `AbortError`. */
  static async open(options: StationLinkOptions, environment: StationLinkEnvironment, signal?: AbortSignal): Promise<StationUplink> {
    const link = new StationUplink(options, environment);
    await link.#connect(signal);
    return link;
  }

  /** Sends a frame, in this breath or one of its own. */
  send(frame: Uint8Array): void {
    this.breath(() => {
      if (this.#port) this.#breaths.give(this.#port, frame);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    this.#redial[Symbol.dispose]();
    const port = this.#port;
    this.#port = undefined;
    await port?.[Symbol.asyncDispose]();
  }

  async #connect(signal = this.#abort.signal): Promise<void> {
    const { directory, description, receive } = this.#options;
    const port = await VdeClient.open({ directory, description }, this.#environment, { signal });
    if (this.#abort.signal.aborted) {
      await port[Symbol.asyncDispose]();
      return;
    }
    this.#port = port;
    this.#redial.held();
    port.attach({ receive, carrier: () => undefined, closed: (reason) => this.#lose(reason) });
  }

  #lose(reason: string): void {
    this.#port = undefined;
    this.#environment.log.warn(`${this.#options.directory}: ${reason}; it is dialled until it is back`);
    this.#options.carrier(false);
    this.#redial.failed();
  }

  #dialAgain(): void {
    this.#connect().then(
      () => {
        if (this.#port !== undefined) this.#options.carrier(true);
      },
      () => {
        this.#redial.failed();
      },
    );
  }
}
