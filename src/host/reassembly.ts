import type { Clock } from '../clock.ts';

/** A part of a datagram. */
export interface Fragment {
  /** Identifies the datagram: the same for all of its parts, different for other datagrams. */
  readonly key: string;
  /** The offset in the whole payload, in octets. */
  readonly start: number;
  /** True if it is not the last part. */
  readonly more: boolean;
  /** Borrowed. */
  readonly payload: Uint8Array;
}

interface Piece {
  readonly start: number;
  readonly payload: Uint8Array;
}

/** An incomplete datagram. */
interface Partial<Header> {
  readonly since: number;
  /** The received fragments, in any order. */
  readonly pieces: Piece[];
  octets: number;
  /** The header of the first fragment; undefined until it is received. */
  header: Header | undefined;
  /** The length of the whole payload; undefined until the last fragment is received. */
  length: number | undefined;
  /** True if its fragments contradict each other; further ones are then dropped. */
  refused: boolean;
}

/** The most incomplete datagrams at a time; a further one replaces the oldest. */
const maxPartial = 16;
/** The most fragments of one datagram: enough for the longest datagram on a link with an MTU of 576 octets. [RFC 791, 3.1] */
const maxPieces = 128;
/** The unit of a fragment's offset, in octets. */
export const fragmentUnit = 8;

/**
 * Reassembles fragments. Overlapping fragments cannot be trusted, so their datagram is dropped, together with its later fragments. [RFC
 * 791, 3.2; RFC 5722, 4]
 */
export class Reassembly<Header> {
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #maxPayload: number;
  readonly #partial = new Map<string, Partial<Header>>();

  /**
   * `patience` is how long a datagram may wait for its missing parts, in milliseconds; `maxPayload` is the longest whole payload, in
   * octets.
   */
  constructor(clock: Clock, patience: number, maxPayload: number) {
    this.#clock = clock;
    this.#patience = patience;
    this.#maxPayload = maxPayload;
  }

  /** Adds a fragment with its header. Returns the whole payload with the first fragment's header once it is complete. */
  add({ key, start, more, payload }: Fragment, header: Header): { readonly header: Header; readonly payload: Uint8Array } | undefined {
    const end = start + payload.length;
    if (end > this.#maxPayload || payload.length === 0 || (more && payload.length % fragmentUnit !== 0)) return undefined;
    const partial = this.#at(key);
    const { pieces } = partial;
    if (partial.refused || pieces.some((one) => one.start === start && one.payload.length === payload.length)) return undefined;
    const clashes = pieces.some((one) => one.start < end && start < one.start + one.payload.length);
    const isBeyond = partial.length !== undefined && (!more || end > partial.length);
    const isShort = !more && pieces.some((one) => one.start >= end);
    if (clashes || isBeyond || isShort || pieces.length >= maxPieces) {
      pieces.length = 0;
      partial.refused = true;
      return undefined;
    }
    pieces.push({ start, payload: payload.slice() });
    partial.octets += payload.length;
    if (start === 0) partial.header = header;
    if (!more) partial.length = end;
    if (partial.octets !== partial.length || partial.header === undefined) return undefined;
    this.#partial.delete(key);
    return { header: partial.header, payload: joined(pieces, partial.length) };
  }

  /** Forgets all incomplete datagrams. */
  clear(): void {
    this.#partial.clear();
  }

  #at(key: string): Partial<Header> {
    const now = this.#clock.monotonic();
    const known = this.#partial.get(key);
    if (known && now - known.since < this.#patience) return known;
    const partial: Partial<Header> = { since: now, pieces: [], octets: 0, header: undefined, length: undefined, refused: false };
    // Keeps the map in order of age: its first entry is the next one removed.
    this.#partial.delete(key);
    this.#partial.set(key, partial);
    const [oldest] = this.#partial.keys();
    if (this.#partial.size > maxPartial && oldest !== undefined) this.#partial.delete(oldest);
    return partial;
  }
}

function joined(pieces: readonly Piece[], length: number): Uint8Array {
  const payload = new Uint8Array(length);
  for (const piece of pieces) payload.set(piece.payload, piece.start);
  return payload;
}

/** Splits a payload into the parts that fragments with room for that many octets carry. */
export function partsOf(payload: Uint8Array, room: number): Omit<Fragment, 'key'>[] {
  const most = Math.floor(room / fragmentUnit) * fragmentUnit;
  return Array.from({ length: Math.ceil(payload.length / most) }, (_, at) => {
    const [start, end] = [at * most, Math.min((at + 1) * most, payload.length)];
    return { start, more: end < payload.length, payload: payload.subarray(start, end) };
  });
}
