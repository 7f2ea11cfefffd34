import { closeSync } from 'node:fs';
import type { Timer } from '../../clock.ts';
import { reasonOf } from '../../errors.ts';
import type { Watch } from '../../system/readiness.ts';
import { connectError } from '../../system/stream-socket.ts';
import { answersItself } from '../../system/socket-name.ts';
import type { Fd } from '../../system/unix-socket.ts';
import type { PortEnvironment } from '../environment.ts';
import { LinkRedial } from '../link-redial.ts';
import { tcpUserTimeout, type StreamEndpoint } from './stream-endpoint.ts';
import { StreamPort, type StreamPortOptions } from './stream-port.ts';
import { FdChannel } from './fd-channel.ts';

/** The dialling side of a stream: a permanent port, up while the far end can be reached. */
export class StreamDialer implements AsyncDisposable {
  /** Disposing the port ends the dialling. */
  readonly port: StreamPort;
  readonly #environment: PortEnvironment;
  #endpoint: StreamEndpoint;
  readonly #redial: LinkRedial;
  #timeout: Timer | undefined;
  #dialling: { readonly fd: Fd; readonly watch: Watch } | undefined;
  /** True if the last connection ended before anything was received: there may have been no far end. */
  #wasSilent = false;
  #open = true;

  /** Begins to dial, and continues until disposed. */
  constructor(endpoint: StreamEndpoint, options: Omit<StreamPortOptions, 'description'>, environment: PortEnvironment) {
    this.#endpoint = endpoint;
    this.#environment = environment;
    this.#redial = new LinkRedial(
      environment,
      () => this.#endpoint.name,
      () => void this.#dial(),
    );
    this.port = new StreamPort({ ...options, description: endpoint.name }, environment, {
      lost: (reason, heard) => this.#lost(reason, heard),
      heard: () => this.#heard(),
      released: () => this.#release(),
    });
    void this.#dial();
  }

  /** Dials another endpoint from now on. */
  redirect(endpoint: StreamEndpoint): void {
    this.#endpoint = endpoint;
    this.port.description = endpoint.name;
    if (this.#dialling) this.#failed('it is somewhere else now');
    else this.port.disconnect();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.port[Symbol.asyncDispose]();
  }

  async #dial(): Promise<void> {
    const endpoint = this.#endpoint;
    const isWanted = (): boolean => this.#open && this.#endpoint === endpoint;
    try {
      const fd = await endpoint.connect();
      if (isWanted()) this.#await(fd);
      else closeSync(fd);
    } catch (error) {
      if (isWanted()) this.#redial.down(reasonOf(error));
    }
    if (this.#open && this.#endpoint !== endpoint) await this.#dial();
  }

  /** Waits until the connection is open. */
  #await(fd: Fd): void {
    const watch = this.#environment.loop.readiness.watch(fd, { readable: false, writable: true }, () => {
      const error = connectError(fd);
      // If nothing listens there, the system may choose the very port that is dialled.
      if (error !== undefined) this.#failed(error);
      else if (answersItself(fd)) this.#failed('it answered itself');
      else this.#up();
    });
    this.#dialling = { fd, watch };
    this.#timeout = this.#environment.clock.after(tcpUserTimeout, () => this.#failed('no answer'));
  }

  #up(): void {
    const fd = this.#settle();
    if (fd === undefined) return;
    if (!this.#wasSilent && !this.port.expectsGreeting) this.#redial.up();
    this.port.connect(FdChannel.onSocket(fd, this.#environment));
  }

  #failed(reason: string): void {
    const fd = this.#settle();
    if (fd === undefined) return;
    closeSync(fd);
    this.#redial.down(reason);
  }

  /** Ends the wait, and returns the socket that was waited for. */
  #settle(): Fd | undefined {
    const dialling = this.#dialling;
    this.#dialling = undefined;
    this.#timeout?.[Symbol.dispose]();
    dialling?.watch[Symbol.dispose]();
    return dialling?.fd;
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
    this.#open = false;
    this.#redial[Symbol.dispose]();
    const fd = this.#settle();
    if (fd !== undefined) closeSync(fd);
  }
}
