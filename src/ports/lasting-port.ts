import type { Port, PortCounters, Receiver } from './pure/port.ts';

/** A permanent port made of ports that come and go with their other side. It is down while there is none. */
export abstract class LastingPort implements Port {
  abstract readonly module: string;
  abstract readonly description: string;
  abstract readonly counters: PortCounters;
  /** The port that carries the frames now. */
  protected current: Port | undefined;
  protected receiver: Receiver | undefined;
  /** True if the switch has the port up. */
  protected up = true;

  get mtu(): number | undefined {
    return this.current?.mtu;
  }

  attach(receiver: Receiver): void {
    this.receiver = receiver;
    if (this.current) this.#deliver(this.current, receiver);
    else receiver.carrier(false);
  }

  transmit(frame: Uint8Array): void {
    if (this.current) this.current.transmit(frame);
    else this.counters.drops['no-carrier']++;
  }

  flush(): void {
    this.current?.flush();
  }

  abstract enable(up: boolean): void;

  abstract [Symbol.asyncDispose](): Promise<void>;

  /** Makes `port` the current one. */
  protected join(port: Port): void {
    this.current = port;
    if (!this.up) port.enable(false);
    if (this.receiver) this.#deliver(port, this.receiver);
  }

  /** Handles the carrier of a port: its other side became reachable, or unreachable for now. */
  protected carried(_port: Port, up: boolean): void {
    this.receiver?.carrier(up);
  }

  /** Handles a port that has ended by itself. Has no effect if it is no longer the current one. */
  protected lose(port: Port, reason: string): void {
    if (this.current !== port) return;
    this.current = undefined;
    this.receiver?.carrier(false);
    this.lost(reason);
  }

  /** Called when the current port has ended by itself. */
  protected abstract lost(reason: string): void;

  #deliver(port: Port, receiver: Receiver): void {
    port.attach({
      receive: (frame) => receiver.receive(frame),
      carrier: (up) => this.carried(port, up),
      closed: (reason) => this.lose(port, reason),
    });
  }
}
