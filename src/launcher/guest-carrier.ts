import type { DataPlane } from '../daemon/data-plane.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Peer } from '../ports/pure/peer.ts';
import type { Acceptor, Port, PortNumber } from '../ports/pure/port.ts';
import type { Guest } from './guest/guest.ts';

/**
 * Keeps the carrier of a guest's card in accordance with the condition of its port. The sockets between a switch and QEMU cannot signal
 * that the port is down, but QEMU's monitor can.
 */
export class GuestCarrier implements Acceptor, Disposable {
  readonly #plane: DataPlane;
  readonly #guest: Pick<Guest, 'id' | 'setCarrier'>;
  readonly #log: Log;
  readonly #watching: Disposable;
  #port: PortNumber | undefined;
  /** The present carrier of the card; undefined if an earlier launcher may have changed it. */
  #has: boolean | undefined;

  constructor(plane: DataPlane, guest: Pick<Guest, 'id' | 'adopted' | 'setCarrier'>, log: Log) {
    this.#plane = plane;
    this.#guest = guest;
    this.#log = log;
    this.#has = guest.adopted ? undefined : true;
    this.#watching = plane.ports.changes.subscribe(({ port }) => {
      if (port === this.#port) this.#follow();
    });
  }

  /** Adds the guest's port at a free number. Throws the errors of `DataPlane.add`. */
  add(port: Port): void {
    this.#port = this.#plane.add(port);
    this.#follow();
  }

  choose(...wish: Parameters<Acceptor['choose']>): ReturnType<Acceptor['choose']> {
    return this.#plane.choose(...wish);
  }

  accept(port: Port, number: PortNumber, peer: Peer): void {
    this.#port = number;
    this.#plane.accept(port, number, peer);
    this.#follow();
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
  }

  #follow(): void {
    const up = this.#plane.ports.get(this.#port ?? NaN)?.condition.up ?? true;
    if (up === this.#has) return;
    this.#has = up;
    const failed = (error: unknown): void =>
      this.#log.warn(`cannot set the card of guest ${this.#guest.id} ${up ? 'up' : 'down'}: ${reasonOf(error)}`);
    this.#guest.setCarrier(up).catch(failed);
  }
}
