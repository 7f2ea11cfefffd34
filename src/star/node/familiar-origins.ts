import { originOf } from './waiting-room.ts';

/** The origins from which members last came: one for each member. */
export class FamiliarOrigins {
  readonly #origins = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** `hosts` are the addresses from which members last came in an earlier run, by their keys. */
  constructor(hosts: Iterable<readonly [key: string, host: string]> = []) {
    for (const [key, host] of hosts) this.note(key, host);
  }

  /** Returns the number of members that last came from there. */
  count(origin: string): number {
    return this.#counts.get(origin) ?? 0;
  }

  /** Notes the address from which a member came: the one with this key. */
  note(key: string, host: string): void {
    const origin = originOf(host);
    if (this.#origins.get(key) === origin) return;
    this.forget(key);
    this.#origins.set(key, origin);
    this.#counts.set(origin, (this.#counts.get(origin) ?? 0) + 1);
  }

  /** Forgets a key that is no member. */
  forget(key: string): void {
    const origin = this.#origins.get(key);
    if (origin === undefined) return;
    this.#origins.delete(key);
    const count = (this.#counts.get(origin) ?? 1) - 1;
    if (count === 0) this.#counts.delete(origin);
    else this.#counts.set(origin, count);
  }
}
