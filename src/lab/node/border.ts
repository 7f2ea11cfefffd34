import { ForwardingPort } from '../../ports/forwarding-port.ts';
import type { Port, Receiver } from '../../ports/pure/port.ts';

/** A real port of a lab's switch. Frames borrowed from the real world are copied, since the lab keeps frames. */
export class Border extends ForwardingPort {
  readonly #closed: () => void;

  /** `closed` is called when the port has ended by itself. */
  constructor(port: Port, closed: () => void) {
    super(port);
    this.#closed = closed;
  }

  override attach(receiver: Receiver): void {
    this.inner.attach({
      receive: (frame) => receiver.receive(frame.slice()),
      carrier: (up) => receiver.carrier(up),
      closed: (reason) => {
        this.#closed();
        receiver.closed(reason);
      },
    });
  }
}
