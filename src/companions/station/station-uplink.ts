import type { Breath } from '../../ports/pure/port.ts';
import { Redial } from '../../ports/pure/redial.ts';
import { VdeClient } from '../../ports/vde/vde-client.ts';
import { FrameLoop, type FrameLoopEnvironment } from '../frame-loop.ts';

/** The settings of a station's link. */
export interface StationLinkOptions {
  /** The switch's directory. */
  readonly directory: string;
  /** The text that the switch shows for the station. */
  readonly description: string;
  /** Called with each received frame. It is borrowed: its octets are valid until the call returns. */
  readonly receive: (frame: Uint8Array) => void;
  /** Called with false when the switch is gone, and with true when it is back. Initially it is connected. */
  readonly carrier: (up: boolean) => void;
}

/** A link to a VDE switch that reconnects when the switch comes back. Frames are dropped while the switch is gone. */
export class StationUplink implements AsyncDisposable {
  /** Runs work as one breath. */
  readonly breath: Breath;
  readonly #options: StationLinkOptions;
  readonly #loop: FrameLoop;
  readonly #abort = new AbortController();
  readonly #redial: Redial;
  #port: VdeClient | undefined;

  private constructor(options: StationLinkOptions, environment: FrameLoopEnvironment) {
    this.#options = options;
    this.#loop = new FrameLoop({ ...environment, backlog: {} });
    this.breath = this.#loop.breath;
    this.#redial = new Redial(environment.clock, () => this.#dialAgain());
  }

  /** Connects to the switch. Throws the errors of `VdeClient.open` if the first attempt fails, and `AbortError`. */
  static async open(options: StationLinkOptions, environment: FrameLoopEnvironment, signal?: AbortSignal): Promise<StationUplink> {
    const link = new StationUplink(options, environment);
    await link.#connect(signal);
    return link;
  }

  /** Sends a frame in the current breath, or in a new one if there is none. */
  send(frame: Uint8Array): void {
    this.breath(() => {
      if (this.#port) this.#loop.transmit(this.#port, frame);
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
    const port = await VdeClient.open({ directory, description }, this.#loop.environment, { signal });
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
    this.#loop.environment.log.warn(`${this.#options.directory}: ${reason}; reconnecting until the switch is back`);
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
