import type { Clock } from '../clock.ts';
import { isIpv6, type IpAddress } from '../wire/ip.ts';
import { readUint32 } from '../wire/octets.ts';

/** A router's report of a packet that was too long for its next link. */
export interface TooLong {
  readonly destination: IpAddress;
  /** The first eight octets of the packet's payload, or more. */
  readonly start: Uint8Array;
  /** The length of the packet, in octets. */
  readonly length: number;
  /** The longest packet allowed, in octets. */
  readonly mtu: number;
}

/**
 * The least MTU of an IPv4 path. A smaller or missing value in a report is replaced by this one. The minimum of the standard, 68, would let
 * one forged message slow a host down. Linux uses the same bound, `min_pmtu`. Packets that may be fragmented still pass links with a
 * smaller MTU.
 */
const leastMtu = 552;
/** The least MTU of an IPv6 path. Smaller values in reports are ignored. [RFC 8201, 4] */
const leastMtu6 = 1280;
/** How long a reported MTU stays valid, in milliseconds. [RFC 8201, 5.3] */
const lifetime = 600_000;
/** The most destinations with a known path MTU; a further one replaces the oldest. */
const maxKnown = 256;
/** The most sent packets that are remembered, so that reports about them are believed. */
const maxSent = 256;

interface Known {
  readonly mtu: number;
  readonly since: number;
}

/** A sent packet: its destination, and the first octets of its payload. */
interface Sent {
  readonly destination: IpAddress;
  readonly first: number;
  readonly second: number;
}

/**
 * The MTU of the path to each destination, from routers' reports. A report is believed only if it quotes a packet that we sent. [RFC 1191;
 * RFC 8201]
 */
export class PathMtus {
  readonly #clock: Clock;
  /** The MTU of the link, which is the most for any path. */
  readonly #link: number;
  readonly #known = new Map<IpAddress, Known>();
  readonly #sent: Sent[] = [];

  constructor(clock: Clock, link: number) {
    this.#clock = clock;
    this.#link = link;
  }

  /** Returns the MTU of the path to an address, in octets. */
  to(address: IpAddress): number {
    if (this.#known.size === 0) return this.#link;
    const known = this.#known.get(address);
    if (known === undefined) return this.#link;
    if (this.#clock.monotonic() - known.since <= lifetime) return known.mtu;
    this.#known.delete(address);
    return this.#link;
  }

  /** Notes a sent packet that routers must not fragment; `length` is the length of the whole packet, in octets. */
  note(destination: IpAddress, payload: Uint8Array, length: number): void {
    if (length <= leastFor(destination)) return;
    if (this.#sent.length >= maxSent) this.#sent.shift();
    this.#sent.push({ destination, first: readUint32(payload, 0), second: readUint32(payload, 4) });
  }

  /**
   * Handles a report that a packet was too long. Returns the new MTU of the path to its destination. Returns undefined if the report is not
   * believed, because no such packet was sent recently or the MTU would be larger than the known one.
   */
  learn({ destination, start, length, mtu }: TooLong): number | undefined {
    const least = leastFor(destination);
    if (isIpv6(destination) && mtu < least) return undefined;
    const believed = Math.max(mtu, least);
    if (length <= believed || believed >= this.#link || !this.#hasSent(destination, start)) return undefined;
    // The same report may come again for packets that were sent before the first report arrived.
    if (believed > this.to(destination)) return undefined;
    this.#known.delete(destination);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= maxKnown && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(destination, { mtu: believed, since: this.#clock.monotonic() });
    return believed;
  }

  /** Forgets all paths. Called when the link goes down, since the next link may have other paths. */
  clear(): void {
    this.#known.clear();
    this.#sent.length = 0;
  }

  #hasSent(destination: IpAddress, start: Uint8Array): boolean {
    const [first, second] = [readUint32(start, 0), readUint32(start, 4)];
    return this.#sent.some((one) => one.destination === destination && one.first === first && one.second === second);
  }
}

function leastFor(destination: IpAddress): number {
  return isIpv6(destination) ? leastMtu6 : leastMtu;
}
