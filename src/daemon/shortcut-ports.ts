import { mostPorts } from '../management/port-table.ts';
import type { Plane, Seat } from '../plane/plane.ts';
import type { Port, PortNumber } from '../ports/pure/port.ts';
import type { SenderPolicy } from '../switch/switch.ts';

/** The number of the first shortcut: they are numbered beyond all ports of the table, and below the stations inside. */
export const firstShortcut: PortNumber = mostPorts;

/** The callbacks of a shortcut's port. */
export interface ShortcutPortEvents {
  /** Called once, when its far end is reached: `Switch.shortcuts` may open it. */
  up(): void;
  /** Called when it has ended by itself. Its number is free then. */
  closed(reason: string): void;
}

/** The counters of a shortcut's port. */
export interface ShortcutCounts {
  readonly received: { readonly frames: number; readonly octets: number };
  readonly sent: { readonly frames: number; readonly octets: number };
  /** The frames from it that were refused, by rule, without zeros. */
  readonly refused: Readonly<Record<string, number>>;
}

/** The ports of a switch that are shortcuts. They are not in its table: no command shows or changes them as ports, and clients get none of their numbers. */
export class ShortcutPorts implements AsyncDisposable {
  readonly #plane: Plane;
  readonly #places = new Map<PortNumber, Place>();

  constructor(plane: Plane) {
    this.#plane = plane;
  }

  /** Adds a port, guarded by a policy from the first frame on, and returns its number. */
  add(port: Port, policy: SenderPolicy, events: ShortcutPortEvents): PortNumber {
    const { switch: bridge } = this.#plane;
    const number = this.#free();
    bridge.addPort(number, { up: false, shortcut: true });
    const place: Place = { port, touched: false, flush: () => port.flush(), guard: bridge.guard(number, policy), wasUp: false };
    this.#places.set(number, place);
    port.attach({
      receive: (frame) => this.#plane.receive(number, frame),
      carrier: (up) => this.#carrier(number, place, up, events),
      closed: (reason) => {
        if (this.#remove(number, place)) events.closed(reason);
      },
    });
    return number;
  }

  /** Guards a port by another policy. */
  guard(number: PortNumber, policy: SenderPolicy): void {
    const place = this.#places.get(number);
    if (!place) return;
    place.guard[Symbol.dispose]();
    place.guard = this.#plane.switch.guard(number, policy);
  }

  /** Ends a port at once; its events are not called. */
  end(number: PortNumber): void {
    const place = this.#places.get(number);
    if (place && this.#remove(number, place)) void place.port[Symbol.asyncDispose]();
  }

  /** Sends a frame by a port. Must be called inside a breath. */
  send(number: PortNumber, frame: Uint8Array): void {
    const place = this.#places.get(number);
    if (place) this.#plane.give(place, frame);
  }

  /** Returns the counters of a port; undefined if there is none. */
  counts(number: PortNumber): ShortcutCounts | undefined {
    const counters = this.#plane.switch.port(number)?.counters;
    if (!counters || !this.#places.has(number)) return undefined;
    const { receivedFrames, receivedOctets, sentFrames, sentOctets, drops } = counters;
    return {
      received: { frames: receivedFrames, octets: receivedOctets },
      sent: { frames: sentFrames, octets: sentOctets },
      refused: Object.fromEntries(Object.entries(drops).filter(([reason, count]) => count > 0 && !ordinary.has(reason))),
    };
  }

  /** Ends all ports. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ports = [...this.#places.values()].map(({ port }) => port);
    this.#places.clear();
    await Promise.all(ports.map((port) => port[Symbol.asyncDispose]()));
  }

  #carrier(number: PortNumber, place: Place, up: boolean, events: ShortcutPortEvents): void {
    if (this.#places.get(number) !== place) return;
    this.#plane.switch.setCarrier(number, up);
    if (!up || place.wasUp) return;
    place.wasUp = true;
    events.up();
  }

  #remove(number: PortNumber, place: Place): boolean {
    if (this.#places.get(number) !== place) return false;
    this.#places.delete(number);
    place.guard[Symbol.dispose]();
    this.#plane.switch.removePort(number);
    return true;
  }

  #free(): PortNumber {
    let number = firstShortcut;
    while (this.#places.has(number)) number += 1;
    return number;
  }
}

/** The reasons that are no fault of the far end: a flow that has just ended, or begun. */
const ordinary: ReadonlySet<string> = new Set(['not-agreed', 'port-down', 'same-port', 'no-egress', 'blocked']);

/** A port, its guard, and whether its far end was ever reached. */
interface Place extends Seat {
  guard: Disposable;
  wasUp: boolean;
}
