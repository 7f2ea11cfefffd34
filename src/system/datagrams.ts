/**
 * Batches of datagrams. One system call receives all datagrams that wait on a socket into a ring; another sends them from there, without a
 * copy.
 */
import { assert } from '../errors.ts';
import { Batch } from './batch.ts';
import { lastErrno, libc } from './libc.ts';

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** The most datagrams that one call moves. */
export const batchSize = 64;

/** The most datagrams received in a round, before the frames sent in response leave. */
const ringSlots = 256;

/** The fewest datagrams that a socket is allowed in a round, however many others are ready. */
const fewest = 16;

/** In place of a slot: the frame is not in the ring. */
const nowhere = -1;

/** The number of views kept for each slot, by their length, so that views of common lengths are created only once. */
const viewsPerSlot = 8;

/**
 * The receive memory of an event loop. It belongs to the loop and not to a socket: a round receives from each ready socket, and all frames
 * sent in response are passed to the kernel before the next round.
 */
export class ReceiveRing {
  readonly frameSize: number;
  readonly #batch: Batch;
  readonly #views: (Uint8Array | undefined)[];
  #allowance = batchSize;
  #first = 0;
  #next = 0;

  /** `frameSize` is the length of the longest datagram that fits, in octets. */
  constructor(frameSize: number) {
    this.frameSize = frameSize;
    this.#batch = new Batch(ringSlots, frameSize);
    this.#views = new Array<undefined>(ringSlots * viewsPerSlot).fill(undefined);
  }

  /** Begins a round with the given number of sockets, which share the ring. Frames of the last round are overwritten from now on. */
  rewind(sockets: number): void {
    this.#first = this.#next = 0;
    this.#allowance = Math.min(Math.max(Math.floor(ringSlots / sockets), fewest), batchSize);
  }

  /**
   * Receives the datagrams that wait on `fd`, at most a fair share of the round and at most `batchSize`.
   * @returns their number, 0 if none waits or the ring is full, or the errno's name (`ECONNRESET`) of a waiting error.
   */
  receive(fd: number): number | string {
    this.#first = this.#next;
    const room = Math.min(ringSlots - this.#first, this.#allowance);
    if (room === 0) return 0;
    const count = libc.recvmmsg(fd, this.#batch.headerAddress(this.#first), room, MSG_DONTWAIT, null);
    if (count >= 0) {
      this.#next += count;
      return count;
    }
    const errno = lastErrno();
    return errno === 'EAGAIN' || errno === 'EINTR' ? 0 : errno;
  }

  /**
   * Returns datagram `i` of the last `receive` as a view, which the next round overwrites. Returns undefined if it was longer than
   * `frameSize`.
   */
  frame(i: number): Uint8Array | undefined {
    const slot = this.#first + i;
    const length = this.#batch.lengthAt(slot);
    return length === undefined ? undefined : this.#view(slot, length);
  }

  /** Returns the address of a view that `frame` returned, or undefined for any other view. */
  addressOf(frame: Uint8Array): number | undefined {
    const slot = this.slotOf(frame);
    return slot === nowhere ? undefined : this.#batch.memoryAddress + slot * this.#batch.stride;
  }

  /**
   * Returns the slot of a view that `frame` returned, or -1 for any other view. Compares kept views, since the property `buffer` of a view would be a
   * slow call into Node. So would be its offset: the `likely` slot is compared first, because frames mostly leave in the order in which they came.
   */
  slotOf(frame: Uint8Array, likely = 0): number {
    if (this.#views[placeOf(likely, frame.length)] === frame) return likely;
    const slot = Math.floor(frame.byteOffset / this.#batch.stride);
    return this.#views[placeOf(slot, frame.length)] === frame ? slot : nowhere;
  }

  /** The memory and its headers, slot by slot. */
  get batch(): Batch {
    return this.#batch;
  }

  /** Overwrites the datagrams of this round, so that tests detect code that kept a borrowed frame. */
  poison(): void {
    this.#batch.memory.fill(0xa5, 0, this.#next * this.#batch.stride);
  }

  #view(slot: number, length: number): Uint8Array {
    const at = placeOf(slot, length);
    const known = this.#views[at];
    if (known?.length === length) return known;
    const start = slot * this.#batch.stride;
    return (this.#views[at] = this.#batch.memory.subarray(start, start + length));
  }
}

/** Returns the index at which the view of a slot and length is kept. */
function placeOf(slot: number, length: number): number {
  return slot * viewsPerSlot + ((length ^ (length >>> 3)) & (viewsPerSlot - 1));
}

/** Sends frames in batches. Frames in the ring are sent from there, without a copy. */
export class SendBatch {
  readonly #ring: ReceiveRing;
  readonly #batch: Batch;

  constructor(ring: ReceiveRing) {
    this.#ring = ring;
    this.#batch = new Batch(batchSize, ring.frameSize);
  }

  /**
   * Sends at most `batchSize` of `frames`, from index `from` to before `to`, to the peer of the connected socket `fd`.
   * @returns the number of frames that the kernel took, in order; 0 if it would block; or the name of the errno if it refused the first.
   */
  send(fd: number, frames: readonly Uint8Array[], from: number, to = frames.length): number | string {
    const count = Math.min(to - from, batchSize);
    let slot = nowhere;
    for (let i = 0; i < count; i++) {
      const frame = frames[from + i];
      assert(frame && frame.length <= this.#ring.frameSize, 'a frame to send is no longer than the ring takes');
      slot = this.#ring.slotOf(frame, slot + 1);
      if (slot === nowhere) this.#stage(i, frame);
      else this.#batch.pointInto(i, this.#ring.batch, slot, frame.length);
    }
    const sent = libc.sendmmsg(fd, this.#batch.headerAddress(0), count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    const errno = lastErrno();
    return errno === 'EAGAIN' || errno === 'EINTR' || errno === 'ENOBUFS' ? 0 : errno;
  }

  #stage(i: number, frame: Uint8Array): void {
    const offset = i * this.#batch.stride;
    this.#batch.memory.set(frame, offset);
    this.#batch.point(i, this.#batch.memoryAddress + offset, frame.length);
  }
}
