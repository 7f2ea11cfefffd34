import type { Port, PortCounters, Receiver } from '../../ports/port.ts';

/** A real port of a lab's switch. What the real world lends is copied: in the lab frames are kept. */
export class Border implements Port {
  readonly #port: Port;
  readonly #closed: () => void;

  /** `closed` is told when the port has ended by itself. */
  constructor(port: Port, closed: () => void) {
    this.#port = port;
    this.#closed = closed;
  }

  get module(): string {
    return this.#port.module;
  }

  get description(): string {
    return this.#port.description;
  }

  get counters(): PortCounters {
    return this.#port.counters;
  }

  attach(receiver: Receiver): void {
    this.#port.attach({
      receive: (frame) => receiver.receive(frame.slice()),
      carrier: (up) => receiver.carrier(up),
      closed: (reason) => {
        this.#closed();
        receiver.closed(reason);
      },
    });
  }

  transmit(frame: Uint8Array): void {
    this.#port.transmit(frame);
  }

  flush(): void {
    this.#port.flush();
  }

  enable(up: boolean): void {
    this.#port.enable(up);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#port[Symbol.asyncDispose]();
  }
}
