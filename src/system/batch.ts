/**
 * Memory for a batch of datagrams, with the headers that describe it to the kernel.
 *
 *   struct mmsghdr (64 octets)  0 name  8 namelen  16 iov  24 iovlen  32 control  40 controllen  48 flags  56 len
 *   struct iovec   (16 octets)  0 base  8 len                                     [recvmmsg(2), 64-bit Linux]
 */
import { addressOf } from './libc.ts';

const headerSize = 64;
const iovecSize = 16;
const [headerWords, iovecWords] = [headerSize / 4, iovecSize / 4];
const MSG_TRUNC = 0x20;

/** The shape of a batch, for datagrams that are more than a frame. */
export interface BatchShape {
  /** The pieces of memory of which one datagram is made. Default: 1. */
  readonly pieces?: number;
  /** The room for the address of each datagram, in octets. Default: 0, for sockets whose datagrams all have the same one. */
  readonly nameSize?: number;
}

/** Memory for datagrams, each in a slot. Built once and held as long as the loop runs. */
export class Batch {
  readonly memory: Uint8Array;
  readonly memoryAddress: number;
  readonly stride: number;
  /** The room for addresses, `nameSize` octets a slot. */
  readonly names: Uint8Array;
  readonly nameSize: number;
  readonly #pieces: number;
  readonly #headers: Uint32Array;
  readonly #headersAddress: number;
  readonly #iovecs: Uint32Array;

  constructor(slots: number, frameSize: number, { pieces = 1, nameSize = 0 }: BatchShape = {}) {
    this.stride = Math.ceil(frameSize / 8) * 8;
    this.memory = new Uint8Array(slots * this.stride);
    this.memoryAddress = addressOf(this.memory);
    this.nameSize = nameSize;
    this.names = new Uint8Array(slots * nameSize);
    this.#pieces = pieces;
    this.#headers = new Uint32Array((slots * headerSize) / 4);
    this.#headersAddress = addressOf(new Uint8Array(this.#headers.buffer));
    this.#iovecs = new Uint32Array((slots * pieces * iovecSize) / 4);
    const iovecsAddress = addressOf(new Uint8Array(this.#iovecs.buffer));
    const headers = new DataView(this.#headers.buffer);
    const namesAddress = nameSize > 0 ? addressOf(this.names) : 0;
    for (let i = 0; i < slots; i++) {
      headers.setBigUint64(i * headerSize + 16, BigInt(iovecsAddress + i * pieces * iovecSize), true);
      headers.setUint32(i * headerSize + 24, pieces, true);
      this.point(i, this.memoryAddress + i * this.stride, frameSize);
      if (nameSize > 0) this.name(i, namesAddress + i * nameSize, nameSize);
    }
  }

  /** Makes piece `piece` of datagram `i` the `length` octets at `address`. */
  point(i: number, address: number, length: number, piece = 0): void {
    const at = (i * this.#pieces + piece) * iovecWords;
    this.#iovecs[at] = address;
    this.#iovecs[at + 1] = address / 2 ** 32;
    this.#iovecs[at + 2] = length;
  }

  /** Makes the only piece of datagram `i` the first `length` octets of slot `slot` of another batch. Takes its address as it is there: that is quicker. */
  pointInto(i: number, other: Batch, slot: number, length: number): void {
    const at = i * iovecWords;
    const from = slot * iovecWords;
    this.#iovecs[at] = other.#iovecs[from] ?? 0;
    this.#iovecs[at + 1] = other.#iovecs[from + 1] ?? 0;
    this.#iovecs[at + 2] = length;
  }

  /** Makes the address of datagram `i` the `length` octets at `address`: 0 and 0 for the peer of a connected socket. */
  name(i: number, address: number, length: number): void {
    const at = i * headerWords;
    this.#headers[at] = address;
    this.#headers[at + 1] = address / 2 ** 32;
    this.#headers[at + 2] = length;
  }

  /** Gives the addresses of the slots from `from` to before `end` their whole room again: the kernel puts their own lengths in its place. */
  renewNames(from: number, end: number): void {
    for (let i = from; i < end; i++) this.#headers[i * headerWords + 2] = this.nameSize;
  }

  /** Returns the address of header `i`. */
  headerAddress(i: number): number {
    return this.#headersAddress + i * headerSize;
  }

  /** Returns the length of datagram `i` as received, or undefined if it did not fit. */
  lengthAt(i: number): number | undefined {
    const at = i * headerWords;
    return (this.#headers[at + 12] ?? 0) & MSG_TRUNC ? undefined : this.#headers[at + 14];
  }
}
