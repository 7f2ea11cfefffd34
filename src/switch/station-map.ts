import type { Vid } from '../wire/dot1q.ts';
import type { MacAddress } from '../wire/mac.ts';

/** Values by station: VLAN and address. */
export class StationMap<Value> {
  readonly #ofVlan = new Map<Vid, Map<MacAddress, Value>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(vid: Vid, mac: MacAddress): Value | undefined {
    return this.#ofVlan.get(vid)?.get(mac);
  }

  set(vid: Vid, mac: MacAddress, value: Value): void {
    const values = this.#ofVlan.get(vid) ?? new Map<MacAddress, Value>();
    if (!values.has(mac)) this.#size += 1;
    values.set(mac, value);
    this.#ofVlan.set(vid, values);
  }

  delete(vid: Vid, mac: MacAddress): void {
    const values = this.#ofVlan.get(vid);
    if (!values?.delete(mac)) return;
    this.#size -= 1;
    if (values.size === 0) this.#ofVlan.delete(vid);
  }

  clear(): void {
    this.#ofVlan.clear();
    this.#size = 0;
  }

  /** Returns all values with their stations, as they are now: they may be deleted meanwhile. */
  entries(): (readonly [vid: Vid, mac: MacAddress, value: Value])[] {
    return [...this.#ofVlan].flatMap(([vid, values]) => [...values].map(([mac, value]) => [vid, mac, value] as const));
  }
}
