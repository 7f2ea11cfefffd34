import { reasonOf } from '../../errors.ts';
import type { PortEnvironment } from '../environment.ts';
import { LinkRedial } from '../link-redial.ts';
import type { ByteChannel } from './byte-channel.ts';
import type { Dialled } from './dialled.ts';
import { StreamPort, type StreamPortOptions } from './stream-port.ts';

/** The options of a dialling side. */
export interface StreamDialerOptions extends Omit<StreamPortOptions, 'description'> {
  /** Called once a second while the far end sends: see StreamOwner. Default: no callback. */
  readonly alive?: () => void;
}

/** The dialling side of a stream: a permanent port, up while the far end can be reached. */
export class StreamDialer implements AsyncDisposable {
  /** Disposing the port ends the dialling. */
  readonly port: StreamPort;
  readonly #environment: PortEnvironment;
  #target: Dialled;
  readonly #redial: LinkRedial;
  /** The attempt under way. */
  #attempt: AbortController | undefined;
  /** True if the last connection ended before anything was received: there may have been no far end. */
  #wasSilent = false;

  /** Begins to dial, and continues until disposed. */
  constructor(target: Dialled, options: StreamDialerOptions, environment: PortEnvironment) {
    this.#target = target;
    this.#environment = environment;
    this.#redial = new LinkRedial(
      environment,
      () => this.#target.name,
      () => void this.#dial(),
    );
    this.port = new StreamPort({ ...options, description: target.name }, environment, {
      lost: (reason, heard) => this.#lost(reason, heard),
      // One of our own has said nothing before it has greeted.
      ...(options.awaitsGreeting === true ? { greeted: () => this.#heard() } : { heard: () => this.#heard() }),
      ...(options.alive && { alive: options.alive }),
      released: () => this.#release(),
    });
    void this.#dial();
  }

  /** Dials another far end from now on. */
  redirect(target: Dialled): void {
    this.#target = target;
    this.port.description = target.name;
    if (this.#attempt) {
      this.#abandon();
      void this.#dial();
    } else this.port.disconnect();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.port[Symbol.asyncDispose]();
  }

  async #dial(): Promise<void> {
    const attempt = (this.#attempt = new AbortController());
    try {
      const channel = await this.#target.open(this.#environment, attempt.signal);
      if (this.#attempt === attempt) this.#up(channel);
      else channel[Symbol.dispose]();
    } catch (error) {
      if (this.#attempt !== attempt) return;
      this.#attempt = undefined;
      this.#redial.down(reasonOf(error));
    }
  }

  #up(channel: ByteChannel): void {
    this.#attempt = undefined;
    if (!this.#wasSilent && !this.port.expectsGreeting) this.#redial.up();
    // The carrier may make stations speak.
    this.#environment.breath(() => this.port.connect(channel));
  }

  /** Ends the attempt under way. Its result is closed. */
  #abandon(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.abort();
  }

  #lost(reason: string, heard: boolean): void {
    if (heard) this.#redial.heard();
    this.#wasSilent = !heard;
    this.#redial.down(reason);
  }

  #heard(): void {
    this.#redial.up();
    this.#wasSilent = false;
  }

  #release(): void {
    this.#redial[Symbol.dispose]();
    this.#abandon();
  }
}
