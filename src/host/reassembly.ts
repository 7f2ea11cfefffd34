import type { Clock } from '../clock.ts';
import { encodeIpv4, type Ipv4 } from '../wire/ipv4.ts';

/** A packet of our own. */
export type OwnPacket = Pick<Ipv4, 'source' | 'destination' | 'protocol' | 'payload' | 'identification' | 'dontFragment'>;

/** A datagram of which not all is there. */
interface Partial {
  readonly since: number;
  /** The fragments that are there, in no order. */
  readonly pieces: Ipv4[];
  octets: number;
  /** How long the whole is; undefined until the last fragment is there. */
  length: number | undefined;
}

/** Datagrams that may be incomplete at once; for one more the oldest is forgotten. */
const maxPartial = 16;
/** Fragments of one datagram: as many as the longest one has on a link for 576 octets. [RFC 791, 3.1] */
const maxPieces = 128;
/** How long the rest of a datagram is waited for, in milliseconds. */
const patience = 30_000;
/** The unit of a fragment's offset. */
const unit = 8;
const headerLength = 20;
const maxPayload = 0xffff - headerLength;

/** Puts fragments together. What they overlap in nobody can trust: such a datagram is dropped. [RFC 791, 3.2; RFC 5722, 4] */
export class Reassembly {
  readonly #clock: Clock;
  readonly #partial = new Map<string, Partial>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a fragment, which is borrowed, and returns the whole datagram when nothing is missing any more. */
  add(fragment: Ipv4): Ipv4 | undefined {
    const { source, destination, protocol, identification, payload } = fragment;
    const [start, end] = [fragment.fragmentOffset * unit, fragment.fragmentOffset * unit + payload.length];
    if (end > maxPayload || payload.length === 0 || (fragment.moreFragments && payload.length % unit !== 0)) return undefined;
    const key = `${source} ${destination} ${protocol} ${identification}`;
    const partial = this.#at(key);
    if (partial.pieces.some((one) => startOf(one) === start && one.payload.length === payload.length)) return undefined;
    const isEnd = !fragment.moreFragments;
    const clashes = partial.pieces.some((one) => startOf(one) < end && start < endOf(one));
    const isBeyond = partial.length !== undefined && (isEnd || end > partial.length);
    if (clashes || isBeyond || partial.pieces.length >= maxPieces) {
      this.#partial.delete(key);
      return undefined;
    }
    partial.pieces.push({ ...fragment, options: fragment.options.slice(), payload: payload.slice() });
    partial.octets += payload.length;
    if (isEnd) partial.length = end;
    if (partial.octets !== partial.length) return undefined;
    this.#partial.delete(key);
    return joined(partial.pieces, partial.length);
  }

  /** Forgets all that is incomplete. */
  clear(): void {
    this.#partial.clear();
  }

  #at(key: string): Partial {
    const now = this.#clock.monotonic();
    const known = this.#partial.get(key);
    if (known && now - known.since < patience) return known;
    const partial: Partial = { since: now, pieces: [], octets: 0, length: undefined };
    // In the order of their age: the first is the one to go.
    this.#partial.delete(key);
    this.#partial.set(key, partial);
    const [oldest] = this.#partial.keys();
    if (this.#partial.size > maxPartial && oldest !== undefined) this.#partial.delete(oldest);
    return partial;
  }
}

function startOf({ fragmentOffset }: Ipv4): number {
  return fragmentOffset * unit;
}

function endOf(fragment: Ipv4): number {
  return startOf(fragment) + fragment.payload.length;
}

function joined(pieces: readonly Ipv4[], length: number): Ipv4 | undefined {
  const first = pieces.find(({ fragmentOffset }) => fragmentOffset === 0);
  if (!first) return undefined;
  const payload = new Uint8Array(length);
  for (const piece of pieces) payload.set(piece.payload, startOf(piece));
  return { ...first, moreFragments: false, fragmentOffset: 0, payload };
}

/** The packets that a packet is sent as where they may be so long: itself, or its fragments. [RFC 791, 3.2] */
export function fragmentsOf(packet: OwnPacket, mtu: number): Uint8Array[] {
  const { payload } = packet;
  const most = Math.floor((mtu - headerLength) / unit) * unit;
  if (payload.length <= mtu - headerLength || packet.dontFragment) return [encodeIpv4(packet)];
  return Array.from({ length: Math.ceil(payload.length / most) }, (_, at) => {
    const [start, end] = [at * most, Math.min((at + 1) * most, payload.length)];
    const [fragmentOffset, moreFragments] = [start / unit, end < payload.length];
    return encodeIpv4({ ...packet, fragmentOffset, moreFragments, payload: payload.subarray(start, end) });
  });
}
