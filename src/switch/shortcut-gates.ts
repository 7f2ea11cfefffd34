import type { Vid } from '../wire/dot1q.ts';
import { destinationOf, sourceOf } from '../wire/ethernet.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Flow } from './shortcut-frame.ts';
import { StationMap } from './station-map.ts';
import type { BridgePort } from './switch-port.ts';

/** The bounds of the receiving side. Each is of one shortcut, so that its far end takes no room from others. */
export const gateBounds = {
  /** Flows whose gates are open. */
  flows: 4096,
  /** Flows whose `go` is awaited. Any member can send a marker in the name of another, so a further one takes the place of the oldest. */
  prepared: 256,
  /** Stations that the far end has asked about. */
  asked: 1024,
  /** The time for a `go` to come, in milliseconds: longer than the sending side waits for an `ack`. */
  goTime: 1000,
  /** Seconds after which a gate without frames is forgotten: later than the sending side forgets the flow. */
  idleSeconds: 120,
} as const;

/** The agreement about one flow. */
interface Gate extends Flow {
  readonly port: BridgePort;
  readonly nonce: number;
  /** The time of the marker. */
  readonly since: number;
  /** True from the `go` with that nonce on. */
  isOpen: boolean;
  /** Seconds without a frame while it is open. */
  quiet: number;
}

/** The records of one shortcut. The gates are in the order in which they got their state. */
interface Side {
  readonly prepared: Set<Gate>;
  readonly open: Set<Gate>;
  readonly asked: StationMap<true>;
}

/**
 * The receiving side of shortcuts: the flows that may come by one. A marker from the uplink prepares a gate, and the far end's `go` behind it opens it:
 * frames that the shortcut still had from an earlier time are in front of the `go`. A frame of the flow from the uplink closes it.
 */
export class ShortcutGates {
  readonly #gates = new StationMap<Map<MacAddress, Gate>>();
  readonly #sides = new Map<BridgePort, Side>();

  /** Prepares a gate. Returns false if there are too many. `now` is the time, in milliseconds. */
  prepare({ vid, destination, source }: Flow, nonce: number, port: BridgePort, now: number): boolean {
    this.close(vid, destination, source);
    const { open, prepared } = this.#side(port);
    if (open.size >= gateBounds.flows) return false;
    const [oldest] = prepared;
    if (oldest && prepared.size >= gateBounds.prepared) this.#remove(oldest);
    const gate: Gate = { vid, destination, source, port, nonce, since: now, isOpen: false, quiet: 0 };
    const gates = this.#gates.get(vid, destination) ?? new Map<MacAddress, Gate>();
    gates.set(source, gate);
    this.#gates.set(vid, destination, gates);
    prepared.add(gate);
    return true;
  }

  /** Opens a gate that was prepared for that shortcut with that nonce. */
  open({ vid, destination, source }: Flow, nonce: number, port: BridgePort): void {
    const gate = this.#gates.get(vid, destination)?.get(source);
    if (gate?.port !== port || gate.nonce !== nonce) return;
    const { open, prepared } = this.#side(port);
    if (!prepared.delete(gate)) return;
    gate.isOpen = true;
    open.add(gate);
  }

  /** Returns whether frames of a flow may come by a shortcut. */
  admits(vid: Vid, frame: Uint8Array, port: BridgePort): boolean {
    const gate = this.#gates.get(vid, destinationOf(frame))?.get(sourceOf(frame));
    return gate?.port === port && gate.isOpen;
  }

  /** Notes that a frame came by the gate of its flow. */
  use(vid: Vid, frame: Uint8Array): void {
    const gate = this.#gates.get(vid, destinationOf(frame))?.get(sourceOf(frame));
    if (gate) gate.quiet = 0;
  }

  /**
   * Returns whether the gate of a flow waits for its `go`: what comes before that is late, and the far end knows. A `go` that does not come in time is lost.
   */
  isPrepared({ vid, destination, source }: Flow, port: BridgePort, now: number): boolean {
    const gate = this.#gates.get(vid, destination)?.get(source);
    return gate?.port === port && !gate.isOpen && now - gate.since < gateBounds.goTime;
  }

  /** Closes the gate of a flow. Returns the shortcut for which it was open, or prepared. */
  close(vid: Vid, destination: MacAddress, source: MacAddress): BridgePort | undefined {
    const gate = this.#gates.get(vid, destination)?.get(source);
    if (gate) this.#remove(gate);
    return gate?.port;
  }

  /** Forgets gates whose `go` did not come, and gates without frames. Called each second. */
  age(now: number): void {
    for (const { prepared, open } of this.#sides.values()) {
      for (const gate of prepared) if (now - gate.since >= gateBounds.goTime) this.#remove(gate);
      for (const gate of open) if (++gate.quiet > gateBounds.idleSeconds) this.#remove(gate);
    }
  }

  /** Forgets a shortcut that has ended. */
  end(port: BridgePort): void {
    const { prepared, open } = this.#side(port);
    for (const gate of [...prepared, ...open]) this.#remove(gate);
    this.#sides.delete(port);
  }

  /** Notes that the far end of a shortcut asked about a station that is here. Returns false if it asked about too many. */
  watch(vid: Vid, mac: MacAddress, port: BridgePort): boolean {
    const { asked } = this.#side(port);
    if (asked.size >= gateBounds.asked && !asked.get(vid, mac)) return false;
    asked.set(vid, mac, true);
    return true;
  }

  /** Forgets that the far end asked about a station, and closes the gates to it. Returns whether it did. */
  unwatch(vid: Vid, mac: MacAddress, port: BridgePort): boolean {
    const { asked } = this.#side(port);
    const did = asked.get(vid, mac) === true;
    asked.delete(vid, mac);
    for (const gate of [...(this.#gates.get(vid, mac)?.values() ?? [])]) if (gate.port === port) this.#remove(gate);
    return did;
  }

  /** Returns the stations that far ends asked about. */
  watched(): readonly (readonly [port: BridgePort, vid: Vid, mac: MacAddress])[] {
    return [...this.#sides].flatMap(([port, { asked }]) => asked.entries().map(([vid, mac]) => [port, vid, mac] as const));
  }

  #side(port: BridgePort): Side {
    const known = this.#sides.get(port);
    if (known) return known;
    const side: Side = { prepared: new Set(), open: new Set(), asked: new StationMap() };
    this.#sides.set(port, side);
    return side;
  }

  #remove(gate: Gate): void {
    const { prepared, open } = this.#side(gate.port);
    prepared.delete(gate);
    open.delete(gate);
    const gates = this.#gates.get(gate.vid, gate.destination);
    gates?.delete(gate.source);
    if (gates?.size === 0) this.#gates.delete(gate.vid, gate.destination);
  }
}
