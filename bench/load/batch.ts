import { addressOf, calls, lastErrno, notNow } from './calls.ts';

/*
 *   struct mmsghdr (64 octets)  0 name  8 namelen  16 iov  24 iovlen  32 control  40 controllen  48 flags  56 len
 *   struct iovec   (16 octets)  0 base  8 len                                     [recvmmsg(2), 64-bit Linux]
 */
const headerSize = 64;
const iovecSize = 16;
const lengthAt = 56;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** How many frames one call moves at most. */
export const batchSize = 64;

/** Headers for a batch, which describe `count` pieces of memory to the kernel. */
class Headers {
  readonly octets: Uint8Array;
  readonly #iovecs: Uint8Array;
  readonly #memory: Uint8Array;
  readonly #name = new Uint8Array(128);

  /** `name` is the address to which each is sent. Default: the peer of the connected socket. */
  constructor(memory: Uint8Array, count: number, stride: number, length: number, name?: Uint8Array) {
    this.octets = new Uint8Array(count * headerSize + 64);
    this.#iovecs = new Uint8Array(count * iovecSize + 64);
    this.#memory = memory;
    const headers = new DataView(this.octets.buffer);
    const iovecs = new DataView(this.#iovecs.buffer);
    const iovecsAddress = addressOf(this.#iovecs);
    const memoryAddress = addressOf(this.#memory);
    this.#name.set(name ?? []);
    const nameAddress = name ? addressOf(this.#name) : 0;
    for (let i = 0; i < count; i++) {
      headers.setBigUint64(i * headerSize, BigInt(nameAddress), true);
      headers.setUint32(i * headerSize + 8, name?.length ?? 0, true);
      headers.setBigUint64(i * headerSize + 16, BigInt(iovecsAddress + i * iovecSize), true);
      headers.setUint32(i * headerSize + 24, 1, true);
      iovecs.setBigUint64(i * iovecSize, BigInt(memoryAddress + i * stride), true);
      iovecs.setUint32(i * iovecSize + 8, length, true);
    }
  }
}

/** Frames that are sent again and again, in turn: made once, so that sending costs the load nothing but the system call. */
export class Outgoing {
  readonly #headers: Headers;
  readonly #count: number;
  #next = 0;

  /** `frames` are all of the same length. They go to `name`. Default: to the peer of the connected socket. */
  constructor(frames: readonly Uint8Array[], name?: Uint8Array) {
    const length = frames[0]?.length ?? 0;
    // Short cycles are repeated, so that one call always has a whole batch to send.
    const rounds = Math.ceil(batchSize / frames.length);
    this.#count = rounds * frames.length;
    const memory = new Uint8Array(this.#count * length + 64);
    for (let i = 0; i < this.#count; i++) memory.set(frames[i % frames.length] ?? new Uint8Array(), i * length);
    this.#headers = new Headers(memory, this.#count, length, length, name);
  }

  /** Sends at most `limit` of them, and returns how many the kernel took. Throws when it refuses them for good. */
  send(fd: number, limit: number): number {
    const count = Math.min(limit, batchSize, this.#count - this.#next);
    const vector = this.#headers.octets.subarray(this.#next * headerSize);
    const sent = calls.sendmmsg(fd, vector, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return refusal('sendmmsg');
    this.#next = (this.#next + sent) % this.#count;
    return sent;
  }
}

/** Room for a batch of frames of one length, of which each is written anew before it is sent. */
export class Drafts {
  /** Draft `i` begins at `i * length`. */
  readonly memory: Buffer;
  readonly length: number;
  readonly #headers: Headers;

  constructor(length: number) {
    this.length = length;
    this.memory = Buffer.from(new ArrayBuffer(batchSize * length + 64));
    this.#headers = new Headers(this.memory, batchSize, length, length);
  }

  /** Sends `count` drafts from the one with the number `first` on, and returns how many the kernel took. Throws when it refuses them for good. */
  send(fd: number, first: number, count: number): number {
    const sent = calls.sendmmsg(fd, this.#headers.octets.subarray(first * headerSize), count, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? refusal('sendmmsg') : sent;
  }
}

/** Where frames are received, and looked at as far as their destination. */
export class Incoming {
  /** Frame `i` of the last batch begins at `at(i)`. */
  readonly memory: Buffer;
  readonly #headers: Headers;
  readonly #lengths: DataView;
  readonly #stride: number;

  /** `frameSize` is the longest frame that may come. */
  constructor(frameSize: number) {
    this.#stride = Math.ceil((frameSize + 64) / 8) * 8;
    this.memory = Buffer.from(new ArrayBuffer(batchSize * this.#stride));
    this.#headers = new Headers(this.memory, batchSize, this.#stride, this.#stride);
    this.#lengths = new DataView(this.#headers.octets.buffer);
  }

  /** Takes what waits, at most one batch, and returns how many frames that were. */
  receive(fd: number): number {
    const count = calls.recvmmsg(fd, this.#headers.octets, batchSize, MSG_DONTWAIT, null);
    return count < 0 ? refusal('recvmmsg') : count;
  }

  /**
   * Returns the last two octets of the destination of frame `i` of the last batch: in a load's frames they tell the station. `header` octets
   * are in front of it.
   */
  destination(i: number, header = 0): number {
    const at = this.at(i) + header + 4;
    return ((this.memory[at] ?? 0) << 8) | (this.memory[at + 1] ?? 0);
  }

  /** Returns where frame `i` of the last batch begins. */
  at(i: number): number {
    return i * this.#stride;
  }

  /** Returns how long frame `i` of the last batch is, in octets. */
  lengthOf(i: number): number {
    return this.#lengths.getUint32(i * headerSize + lengthAt, true);
  }
}

function refusal(call: string): number {
  const errno = lastErrno();
  if (notNow.has(errno)) return 0;
  throw new Error(`${call} failed in the load: errno ${errno}`);
}
