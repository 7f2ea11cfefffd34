import type { Clock } from '../clock.ts';
import { isIpv6, type IpAddress } from '../wire/ip.ts';
import { readUint32 } from '../wire/octets.ts';

/** What a router says of a packet that was too long for its next link. */
export interface TooLong {
  readonly destination: IpAddress;
  /** The first eight octets of the packet's payload, or more. */
  readonly start: Uint8Array;
  /** How long the packet was, in octets. */
  readonly length: number;
  /** How long one may be, in octets. */
  readonly mtu: number;
}

/**
 * An IPv4 path carries at least so much: a router that says less, or nothing, is taken to have said this. With the lower bound of the standard,
 * 68, one forged message would cost a host its speed; Linux has the same bound, `min_pmtu`. Packets that may be sent in fragments pass narrower
 * links all the same.
 */
const leastMtu = 552;
/** Every IPv6 path carries so much, and who says less is not believed. [RFC 8201, 4] */
const leastMtu6 = 1280;
/** How long a path is believed to be narrow, in milliseconds. [RFC 8201, 5.3] */
const lifetime = 600_000;
/** Destinations of which a path's MTU is known; for one more the oldest is forgotten. */
const maxKnown = 256;
/** Packets that a router may refuse, the last ones. */
const maxSent = 256;

interface Known {
  readonly mtu: number;
  readonly since: number;
}

/** A packet that was sent: where to, and the octets with which its payload begins. */
interface Sent {
  readonly destination: IpAddress;
  readonly first: number;
  readonly second: number;
}

/** How long packets to each destination may be, as routers have said of packets that we have really sent. [RFC 1191; RFC 8201] */
export class PathMtus {
  readonly #clock: Clock;
  /** That of the link: no path has more. */
  readonly #link: number;
  readonly #known = new Map<IpAddress, Known>();
  readonly #sent: Sent[] = [];

  constructor(clock: Clock, link: number) {
    this.#clock = clock;
    this.#link = link;
  }

  /** How long a packet to that address may be, in octets. */
  to(address: IpAddress): number {
    if (this.#known.size === 0) return this.#link;
    const known = this.#known.get(address);
    if (known === undefined) return this.#link;
    if (this.#clock.monotonic() - known.since <= lifetime) return known.mtu;
    this.#known.delete(address);
    return this.#link;
  }

  /** A packet is sent that no router may send in fragments; `length` is that of the whole, in octets. */
  note(destination: IpAddress, payload: Uint8Array, length: number): void {
    if (length <= leastFor(destination)) return;
    if (this.#sent.length >= maxSent) this.#sent.shift();
    this.#sent.push({ destination, first: readUint32(payload, 0), second: readUint32(payload, 4) });
  }

  /**
   * A router says that a packet was too long. Returns what packets to its destination may have from now on; undefined when that is not believed: no
   * such packet was sent lately, or the path would be wider than is known.
   */
  learn({ destination, start, length, mtu }: TooLong): number | undefined {
    const least = leastFor(destination);
    if (isIpv6(destination) && mtu < least) return undefined;
    const believed = Math.max(mtu, least);
    if (length <= believed || believed >= this.#link || !this.#hasSent(destination, start)) return undefined;
    // It may be said again of what was sent before it was known.
    if (believed > this.to(destination)) return undefined;
    this.#known.delete(destination);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= maxKnown && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(destination, { mtu: believed, since: this.#clock.monotonic() });
    return believed;
  }

  /** Forgets all paths, as another link has others. */
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
