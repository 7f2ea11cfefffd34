import type { Vid } from '../wire/dot1q.ts';
import { destinationOf, sourceOf } from '../wire/ethernet.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Flow } from './shortcut-frame.ts';
import { StationMap } from './station-map.ts';
import type { BridgePort } from './switch-port.ts';

/** The bounds of the receiving side. */
export const gateBounds = {
  /** Flows to one station, and stations with flows. */
  flowsOfStation: 256,
  stations: 1024,
  /** Stations that one far end has asked about. */
  asked: 1024,
} as const;

/** The agreement about one flow. */
interface Gate {
  readonly port: BridgePort;
  readonly nonce: number;
  /** True from the `go` with that nonce on. */
  isOpen: boolean;
}

/**
 * The receiving side of shortcuts: the flows that may come by one. A marker from the uplink prepares a gate, and the far end's `go` behind it opens it:
 * frames that the shortcut still had from an earlier time are in front of the `go`. A frame of the flow from the uplink closes it.
 */
export class ShortcutGates {
  readonly #gates = new StationMap<Map<MacAddress, Gate>>();
  readonly #asked = new Map<BridgePort, StationMap<true>>();

  /** Prepares a gate. Returns false if there are too many. */
  prepare({ vid, destination, source }: Flow, nonce: number, port: BridgePort): boolean {
    const gates = this.#gates.get(vid, destination) ?? new Map<MacAddress, Gate>();
    const isFull = gates.size === 0 ? this.#gates.size >= gateBounds.stations : gates.size >= gateBounds.flowsOfStation;
    if (isFull && !gates.has(source)) return false;
    gates.set(source, { port, nonce, isOpen: false });
    this.#gates.set(vid, destination, gates);
    return true;
  }

  /** Opens a gate that was prepared for that shortcut with that nonce. */
  open({ vid, destination, source }: Flow, nonce: number, port: BridgePort): void {
    const gate = this.#gates.get(vid, destination)?.get(source);
    if (gate?.port === port && gate.nonce === nonce) gate.isOpen = true;
  }

  /** Returns whether frames of a flow may come by a shortcut. */
  admits(vid: Vid, frame: Uint8Array, port: BridgePort): boolean {
    const gate = this.#gates.get(vid, destinationOf(frame))?.get(sourceOf(frame));
    return gate?.port === port && gate.isOpen;
  }

  /** Returns whether the gate of a flow waits for its `go`: what comes before that is late, and the far end knows. */
  isPrepared({ vid, destination, source }: Flow, port: BridgePort): boolean {
    const gate = this.#gates.get(vid, destination)?.get(source);
    return gate?.port === port && !gate.isOpen;
  }

  /** Closes the gate of a flow. Returns the shortcut for which it was open, or prepared. */
  close(vid: Vid, destination: MacAddress, source: MacAddress): BridgePort | undefined {
    const gates = this.#gates.get(vid, destination);
    const gate = gates?.get(source);
    if (!gates || !gate) return undefined;
    gates.delete(source);
    if (gates.size === 0) this.#gates.delete(vid, destination);
    return gate.port;
  }

  /** Closes all gates of a shortcut to a station. */
  closeStation(vid: Vid, mac: MacAddress, port: BridgePort): void {
    const gates = this.#gates.get(vid, mac);
    for (const [source, gate] of [...(gates ?? [])]) if (gate.port === port) this.close(vid, mac, source);
  }

  /** Forgets a shortcut that has ended. */
  end(port: BridgePort): void {
    this.#asked.delete(port);
    for (const [vid, mac] of this.#gates.entries()) this.closeStation(vid, mac, port);
  }

  /** Notes that the far end of a shortcut asked about a station that is here. Returns false if it asked about too many. */
  watch(vid: Vid, mac: MacAddress, port: BridgePort): boolean {
    const asked = this.#asked.get(port) ?? new StationMap<true>();
    if (asked.size >= gateBounds.asked && !asked.get(vid, mac)) return false;
    asked.set(vid, mac, true);
    this.#asked.set(port, asked);
    return true;
  }

  /** Forgets that the far end asked about a station, and closes the gates to it. Returns whether it did. */
  unwatch(vid: Vid, mac: MacAddress, port: BridgePort): boolean {
    const asked = this.#asked.get(port);
    const did = asked?.get(vid, mac) === true;
    asked?.delete(vid, mac);
    this.closeStation(vid, mac, port);
    return did;
  }

  /** Returns the stations that far ends asked about. */
  watched(): readonly (readonly [port: BridgePort, vid: Vid, mac: MacAddress])[] {
    return [...this.#asked].flatMap(([port, asked]) => asked.entries().map(([vid, mac]) => [port, vid, mac] as const));
  }
}
