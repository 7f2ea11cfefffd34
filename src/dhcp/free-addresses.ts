/** The unused addresses of the pool, found without a walk through the used ones. */
import type { Ipv4Address } from '../wire/ipv4.ts';
import { isDynamic, type DhcpConfig } from './config.ts';
import { NumberSet } from './pool.ts';

/**
 * The number of addresses that one search may skip because they cannot be leased. They are marked, so the next search continues from there.
 */
const maxSteps = 4096;

/** The free addresses of the pool. */
export class FreeAddresses {
  readonly #config: DhcpConfig;
  /** The pool indices of addresses that are taken, or can never be leased. */
  readonly #used = new NumberSet();

  constructor(config: DhcpConfig) {
    this.#config = config;
  }

  /** Marks an address as taken; one outside of the pool is ignored. */
  take(address: Ipv4Address): void {
    const index = this.#config.pool.indexOf(address);
    if (index !== undefined) this.#used.add(index);
  }

  /** Marks an address as free again. */
  give(address: Ipv4Address): void {
    const index = this.#config.pool.indexOf(address);
    if (index !== undefined) this.#used.delete(index);
  }

  /**
   * Returns a free address for a client: always the same for one key while that is free, otherwise the next one that `refused` does not
   * exclude. Returns undefined if there is none.
   */
  find(key: string, refused: (address: Ipv4Address) => boolean): Ipv4Address | undefined {
    const { pool } = this.#config;
    const start = hash(key) % pool.size;
    let around = false;
    for (let from = start, step = 0; step < maxSteps; step++) {
      const index = this.#used.nextAbsent(from);
      const address = pool.at(index);
      if (around && (address === undefined || index >= start)) return undefined;
      if (address === undefined) around = true;
      else if (!isDynamic(this.#config, address)) this.#used.add(index);
      else if (!refused(address)) return address;
      from = address === undefined ? 0 : index + 1;
    }
    return undefined;
  }
}

/** Hashes text by FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return value;
}
