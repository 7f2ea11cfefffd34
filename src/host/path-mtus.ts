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
 * The least MTU of an IPv4 path. A smaller or missing value in a report counts as this. With the lower bound of the standard, 68, one
 * forged message would slow a host down; Linux has the same bound, `min_pmtu`. Packets that may be fragmented still pass narrower links.
 */
const leastMtu = 552;
/** The MTU that every IPv6 path has at least; smaller values in reports are not believed. [RFC 8201, 4] */
const leastMtu6 = 1280;
/** How long a path counts as narrow, in milliseconds. [RFC 8201, 5.3] */
const lifetime = 600_000;
/** The most destinations with a known path MTU; a further one replaces the oldest. */
const maxKnown = 256;
/** The last sent packets that a router may refuse. */
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

/** The longest packets to each destination, by routers' reports about packets that we have really sent. [RFC 1191; RFC 8201] */
export class PathMtus {
  readonly #clock: Clock;
  /** The MTU of the link: no path has more. */
  readonly #link: number;
  readonly #known = new Map<IpAddress, Known>();
  readonly #sent: Sent[] = [];

  constructor(clock: Clock, link: number) {
    this.#clock = clock;
    this.#link = link;
  }

  /** Returns the length that a packet to that address may have, in octets. */
  to(address: IpAddress): number {
    if (this.#known.size === 0) return this.#link;
    const known = this.#known.get(address);
    if (known === undefined) return this.#link;
    if (this.#clock.monotonic() - known.since <= lifetime) return known.mtu;
    this.#known.delete(address);
    return this.#link;
  }

  /** Notes a sent packet that routers must not fragment; `length` is that of the whole packet, in octets. */
  note(destination: IpAddress, payload: Uint8Array, length: number): void {
    if (length <= leastFor(destination)) return;
    if (this.#sent.length >= maxSent) this.#sent.shift();
    this.#sent.push({ destination, first: readUint32(payload, 0), second: readUint32(payload, 4) });
  }

  /**
   * Handles a report that a packet was too long. Returns the length that packets to its destination may have from now on. Returns undefined
   * if the report is not believed: no such packet was sent lately, or the path would be wider than known.
   */
  learn({ destination, start, length, mtu }: TooLong): number | undefined {
    const least = leastFor(destination);
    if (isIpv6(destination) && mtu < least) return undefined;
    const believed = Math.max(mtu, least);
    if (length <= believed || believed >= this.#link || !this.#hasSent(destination, start)) return undefined;
    // The report may come again for packets sent before the first one.
    if (believed > this.to(destination)) return undefined;
    this.#known.delete(destination);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= maxKnown && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(destination, { mtu: believed, since: this.#clock.monotonic() });
    return believed;
  }

  /** Forgets all paths, since another link has others. */
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
