import type { Timer } from '../clock.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import type { Port } from '../ports/pure/port.ts';
import type { VdeClient } from '../ports/vde/vde-client.ts';
import { FrameLoop, hasRoom, isPaced, type FrameLoopOptions } from './frame-loop.ts';

/** An end of a cable, as a plug opens it. */
export interface PlugEnd extends AsyncDisposable {
  readonly port: Port;
  /** Resolves with the failure once the end has closed by itself. If it is missing, closing is not a failure. */
  readonly failure?: () => Promise<string>;
}

/** The settings of a cable. */
export interface CableOptions extends Omit<FrameLoopOptions, 'flushed'> {
  /** Called with each frame from the second end to the first. The frame is borrowed: valid until the call returns. */
  readonly observe?: ((frame: Uint8Array) => void) | undefined;
}

/** How long frames in transit may take to arrive after `finish`, in milliseconds. */
const finishLimit = 2_000;

/** Carries frames between two ports until one of them closes. */
export class Cable implements AsyncDisposable {
  /** Resolves with the reason when one end has closed and the other has taken all frames that waited for it. */
  readonly ended: Promise<string>;
  readonly #options: CableOptions;
  readonly #loop: FrameLoop;
  #ends: readonly Port[] = [];
  #gone: string | undefined;
  #lost: Port | undefined;
  #limit: Timer | undefined;
  #settle: (reason: string) => void = () => undefined;

  constructor(options: CableOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    this.#loop = new FrameLoop({ ...options, flushed: () => this.#pace() });
  }

  /** The environment with which the ports of this cable must be opened. */
  get environment(): PortEnvironment {
    return this.#loop.environment;
  }

  /** The end that has closed by itself; undefined while both are open, and after `finish`. */
  get lost(): Port | undefined {
    return this.#lost;
  }

  /** Joins two ports of this cable, and takes ownership of them. */
  join(first: Port, second: Port): void {
    this.#ends = [first, second];
    this.#attach(second, first, this.#options.observe);
    this.#attach(first, second);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#limit?.[Symbol.dispose]();
    this.#loop[Symbol.dispose]();
    for (const end of this.#ends) await end[Symbol.asyncDispose]();
    this.#ends = [];
  }

  #attach(from: Port, to: Port, observe?: (frame: Uint8Array) => void): void {
    from.attach({
      receive: (frame) => {
        observe?.(frame);
        this.#loop.transmit(to, frame);
      },
      carrier: () => undefined,
      closed: (reason) => this.#lose(from, reason),
    });
  }

  /** Reads an end only while the backlog of the other is small enough. */
  #pace(): void {
    const [first, second] = this.#ends;
    if (!first || !second || this.#gone !== undefined) return;
    if (isPaced(first)) first.listen(hasRoom(second));
    if (isPaced(second)) second.listen(hasRoom(first));
  }

  /** Resolves `ended` when all received frames have arrived at the other end, or after 2 s. */
  finish(reason: string): void {
    if (this.#gone !== undefined) return;
    this.#limit = this.#options.clock.after(finishLimit, () => this.#settle(reason));
    const hearing = this.#ends.filter(hearsOut);
    for (const end of hearing) end.endAfterReading(reason);
    if (hearing.length === 0) this.#drain(reason);
  }

  #lose(gone: Port, reason: string): void {
    this.#ends = this.#ends.filter((end) => end !== gone);
    if (this.#gone !== undefined) return;
    if (this.#limit === undefined) this.#lost = gone;
    this.#drain(reason);
  }

  #drain(reason: string): void {
    this.#gone = reason;
    this.#loop.drain({ ports: () => this.#ends }, () => this.#settle(reason));
  }
}

function hearsOut(port: Port): port is Port & Pick<VdeClient, 'endAfterReading'> {
  return 'endAfterReading' in port;
}
