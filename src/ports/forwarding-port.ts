import type { PacedPort, Port, PortCounters, Receiver } from './pure/port.ts';

/** A port that stands for an inner port, and forwards all calls to it. Subclasses override the members in which they differ. */
export abstract class ForwardingPort<Inner extends Port = Port> implements Port {
  /** The port that carries the frames. */
  protected readonly inner: Inner;

  constructor(inner: Inner) {
    this.inner = inner;
  }

  get module(): string {
    return this.inner.module;
  }

  get description(): string {
    return this.inner.description;
  }

  get counters(): PortCounters {
    return this.inner.counters;
  }

  get mtu(): number | undefined {
    return this.inner.mtu;
  }

  attach(receiver: Receiver): void {
    this.inner.attach(receiver);
  }

  transmit(frame: Uint8Array): void {
    this.inner.transmit(frame);
  }

  flush(): void {
    this.inner.flush();
  }

  enable(up: boolean): void {
    this.inner.enable(up);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.inner[Symbol.asyncDispose]();
  }
}

/** A forwarding port whose other side can be made to wait. */
export abstract class PacedForwardingPort<Inner extends PacedPort = PacedPort> extends ForwardingPort<Inner> implements PacedPort {
  get waiting(): number {
    return this.inner.waiting;
  }

  get arrived(): boolean {
    return this.inner.arrived;
  }

  listen(on: boolean): void {
    this.inner.listen(on);
  }
}
