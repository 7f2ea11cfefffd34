import type { ByteChannel } from '../../ports/stream/byte-channel.ts';
import type { Fd } from '../../system/unix-socket.ts';
import type { StreamMemory, StreamRing } from '../../system/stream-socket.ts';

/** A plain connection that has a place, and can be made to give it up. */
interface Holder {
  /** Ends the connection. */
  end(reason: string): void;
}

/** The order in which plain connections were last heard: a count, since reading a clock costs more. */
let heardCount = 0;

/** A channel that notes when it was last heard, compared with others. */
export class HeardChannel implements ByteChannel {
  /** The greater, the later something was received. */
  heard = ++heardCount;
  readonly #inner: ByteChannel;

  constructor(inner: ByteChannel) {
    this.#inner = inner;
  }

  get socket(): Fd | undefined {
    return this.#inner.socket;
  }

  receive(ring: StreamRing, rest: Uint8Array): number | string {
    const end = this.#inner.receive(ring, rest);
    if (typeof end === 'number') this.heard = ++heardCount;
    return end;
  }

  send(memory: StreamMemory, start: number, end: number): number | string {
    return this.#inner.send(memory, start, end);
  }

  watch(...how: Parameters<ByteChannel['watch']>): ReturnType<ByteChannel['watch']> {
    return this.#inner.watch(...how);
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }
}

/** The places of plain connections, whose far ends prove nothing. When all are taken, the one that was silent for longest loses its place. */
export class PlainPlaces {
  readonly #places: number;
  readonly #holders = new Map<HeardChannel, Holder>();

  constructor(places: number) {
    this.#places = places;
  }

  /** The number of taken places. */
  get size(): number {
    return this.#holders.size;
  }

  /** Takes a place for a connection. Ends another one if all are taken. */
  enter(channel: HeardChannel, holder: Holder): void {
    if (this.#holders.size >= this.#places) this.#endSilent();
    this.#holders.set(channel, holder);
  }

  /** Gives a place back. */
  leave(channel: HeardChannel): void {
    this.#holders.delete(channel);
  }

  #endSilent(): void {
    let silent: HeardChannel | undefined;
    for (const channel of this.#holders.keys()) if (silent === undefined || channel.heard < silent.heard) silent = channel;
    if (!silent) return;
    const holder = this.#holders.get(silent);
    this.#holders.delete(silent);
    holder?.end(`all ${this.#places} places for plain connections are taken, and it was silent for longest; --max-links allows more`);
  }
}
