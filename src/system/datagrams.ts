/**
 * Batches of datagrams: all that waits on a socket by one system call into a ring, and out of it by another, without a copy between.
 *
 *   struct mmsghdr (64 octets)  0 name  8 namelen  16 iov  24 iovlen  32 control  40 controllen  48 flags  56 len
 *   struct iovec   (16 octets)  0 base  8 len                                     [recvmmsg(2), 64-bit Linux]
 */
import { assert } from '../errors.ts';
import { addressOf, lastErrno, libc } from './libc.ts';

const headerSize = 64;
const iovecSize = 16;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_TRUNC = 0x20;

/** How many datagrams one call moves at most. */
export const batchSize = 64;

/** Memory for one batch, with the headers that describe it to the kernel. Built once and held as long as the loop runs. */
class Batch {
  readonly memory: Uint8Array;
  readonly stride: number;
  readonly headers: DataView;
  readonly #iovecs: DataView;
  readonly #memoryAddress: number;
  readonly headersAddress: Uint8Array;

  constructor(frameSize: number) {
    this.stride = Math.ceil(frameSize / 8) * 8;
    this.memory = new Uint8Array(batchSize * this.stride);
    this.#memoryAddress = addressOf(this.memory);
    const headers = new Uint8Array(batchSize * headerSize);
    const iovecs = new Uint8Array(batchSize * iovecSize);
    const iovecsAddress = addressOf(iovecs);
    this.headersAddress = headers;
    this.headers = new DataView(headers.buffer);
    this.#iovecs = new DataView(iovecs.buffer);
    for (let i = 0; i < batchSize; i++) {
      this.headers.setBigUint64(i * headerSize + 16, BigInt(iovecsAddress + i * iovecSize), true);
      this.headers.setUint32(i * headerSize + 24, 1, true);
      this.point(i, this.#memoryAddress + i * this.stride, frameSize);
    }
  }

  /** Makes entry `i` describe `length` octets at `address`. */
  point(i: number, address: number, length: number): void {
    const at = i * iovecSize;
    this.#iovecs.setUint32(at, address >>> 0, true);
    this.#iovecs.setUint32(at + 4, Math.floor(address / 2 ** 32), true);
    this.#iovecs.setUint32(at + 8, length, true);
  }

  addressAt(offset: number): number {
    return this.#memoryAddress + offset;
  }
}

/**
 * Where an event loop receives. It belongs to the loop, not to a socket: a breath receives one batch, and everything sent because of it
 * is handed to the kernel before the next.
 */
export class ReceiveRing {
  readonly frameSize: number;
  readonly #batch: Batch;

  /** `frameSize` is the longest datagram taken whole, in octets. */
  constructor(frameSize: number) {
    this.frameSize = frameSize;
    this.#batch = new Batch(frameSize);
  }

  /**
   * Takes up to `batchSize` datagrams that wait on `fd`.
   * @returns how many, 0 when none waits, or the errno's name (`ECONNRESET`) of what waits instead.
   */
  receive(fd: number): number | string {
    const count = libc.recvmmsg(fd, this.#batch.headersAddress, batchSize, MSG_DONTWAIT, null);
    if (count >= 0) return count;
    const errno = lastErrno();
    return errno === 'EAGAIN' || errno === 'EINTR' ? 0 : errno;
  }

  /** Datagram `i` of the last batch: a view that the next batch overwrites; undefined when it was longer than `frameSize`. */
  frame(i: number): Uint8Array | undefined {
    const { headers, memory, stride } = this.#batch;
    const at = i * headerSize;
    if (headers.getUint32(at + 48, true) & MSG_TRUNC) return undefined;
    return memory.subarray(i * stride, i * stride + headers.getUint32(at + 56, true));
  }

  /** The address of a view into this ring, or undefined for any other memory. */
  addressOf(frame: Uint8Array): number | undefined {
    return frame.buffer === this.#batch.memory.buffer ? this.#batch.addressAt(frame.byteOffset) : undefined;
  }

  /** Overwrites the ring, so that whoever kept a borrowed frame is found out by a test. */
  poison(): void {
    this.#batch.memory.fill(0xa5);
  }
}

/** Sends frames in batches, those of the ring straight from it. */
export class SendBatch {
  readonly #ring: ReceiveRing;
  readonly #batch: Batch;

  constructor(ring: ReceiveRing) {
    this.#ring = ring;
    this.#batch = new Batch(ring.frameSize);
  }

  /**
   * Sends `frames`, from index `from` on, to the peer of the connected socket `fd`, at most `batchSize` of them.
   * @returns how many the kernel took, in order; 0 when it would have to wait; or the errno's name why it refused the first.
   */
  send(fd: number, frames: readonly Uint8Array[], from: number): number | string {
    const count = Math.min(frames.length - from, batchSize);
    for (let i = 0; i < count; i++) {
      const frame = frames[from + i];
      assert(frame && frame.length <= this.#ring.frameSize, 'a frame to send is no longer than the ring takes');
      this.#batch.point(i, this.#ring.addressOf(frame) ?? this.#stage(i, frame), frame.length);
    }
    const sent = libc.sendmmsg(fd, this.#batch.headersAddress, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    const errno = lastErrno();
    return errno === 'EAGAIN' || errno === 'EINTR' || errno === 'ENOBUFS' ? 0 : errno;
  }

  #stage(i: number, frame: Uint8Array): number {
    const offset = i * this.#batch.stride;
    this.#batch.memory.set(frame, offset);
    return this.#batch.addressAt(offset);
  }
}
