/**
 * Batches of packets of IP sockets that have many peers. A packet is a datagram that has an address, and octets in front of its frame. One
 * system call receives or sends many; frames that lie in a ring are sent from there, without a copy.
 */
import { assert } from '../errors.ts';
import { Batch } from './batch.ts';
import { batchSize, type ReceiveRing } from './datagrams.ts';
import { encodeSocketAddress, socketAddressSize, type AddressKey } from './ip-address.ts';
import { addressOf, lastErrno, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const AF_INET = 2;

/** The most packets of a round: so many are received before the frames sent in response leave. */
const ringSlots = 256;

/** The fewest packets that a socket is allowed in a round, however many others are ready. */
const fewest = 16;

/** The number of views of a slot that are kept, by their length: those of the usual lengths are made once. */
const viewsPerSlot = 8;

/** The number of IPv6 addresses whose keys are kept, by their octets: those of a port's remotes are made once. */
const keptKeys = 256;

/** A key, and the address of which it was made. */
interface KeptKey {
  readonly words: readonly [number, number, number, number];
  readonly key: AddressKey;
}

/**
 * The memory in which packets are received. It belongs to the loop and not to a socket, as ReceiveRing does: a round receives from each ready
 * socket, and all frames sent in response are passed to the kernel before the next round.
 */
export class PacketRing {
  readonly packetSize: number;
  readonly #batch: Batch;
  readonly #names: DataView;
  readonly #views = new Array<Uint8Array | undefined>(ringSlots * viewsPerSlot).fill(undefined);
  readonly #keys = new Array<KeptKey | undefined>(keptKeys).fill(undefined);
  #allowance = batchSize;
  #first = 0;
  #next = 0;

  /** `packetSize` is the longest packet taken whole, in octets; a raw IPv4 socket's begin with their IP header. */
  constructor(packetSize: number) {
    this.packetSize = packetSize;
    this.#batch = new Batch(ringSlots, packetSize, { nameSize: socketAddressSize });
    this.#names = new DataView(this.#batch.names.buffer);
  }

  /** Begins a round with that many sockets, which share the ring: packets of the last round are overwritten from now on. */
  rewind(sockets: number): void {
    this.#first = this.#next = 0;
    this.#allowance = Math.min(Math.max(Math.floor(ringSlots / sockets), fewest), batchSize);
  }

  /**
   * Receives the packets that wait on `fd`, up to a fair share of the round, and `batchSize`.
   * @returns their number, 0 if none waits or the ring is full, or the errno's name (`ECONNREFUSED`) of a waiting error.
   */
  receive(fd: Fd): number | string {
    this.#first = this.#next;
    const room = Math.min(ringSlots - this.#first, this.#allowance);
    if (room === 0) return 0;
    this.#batch.renewNames(this.#first, this.#first + room);
    const count = libc.recvmmsg(fd, this.#batch.headerAddress(this.#first), room, MSG_DONTWAIT, null);
    if (count >= 0) {
      this.#next += count;
      return count;
    }
    const errno = lastErrno();
    return errno === 'EAGAIN' || errno === 'EINTR' ? 0 : errno;
  }

  /**
   * Returns packet `i` of the last `receive` from octet `from` on: a view that the next round overwrites. Undefined if the packet was
   * longer than `packetSize`, or is shorter than `from`.
   */
  packet(i: number, from = 0): Uint8Array | undefined {
    const slot = this.#first + i;
    const length = this.#batch.lengthAt(slot);
    return length === undefined || length < from ? undefined : this.#view(slot, from, length - from);
  }

  /** Returns the first octet of packet `i` of the last `receive`, which must have one, without the cost of a view. */
  firstOctet(i: number): number {
    return this.#batch.memory[(this.#first + i) * this.#batch.stride] ?? 0;
  }

  /** Returns the key of the address that packet `i` of the last `receive` came from. */
  source(i: number): AddressKey {
    const at = (this.#first + i) * socketAddressSize;
    return this.#names.getUint16(at, true) === AF_INET ? this.#names.getUint32(at + 4) : this.#ipv6Key(at + 8);
  }

  /** Returns the UDP port that packet `i` of the last `receive` came from; raw sockets have none. */
  sourcePort(i: number): number {
    return this.#names.getUint16((this.#first + i) * socketAddressSize + 2);
  }

  /** Returns the machine address of a view that `packet` returned, or undefined for any other. See ReceiveRing. */
  addressOf(frame: Uint8Array): number | undefined {
    const start = frame.byteOffset;
    const kept = this.#views[placeOf(Math.floor(start / this.#batch.stride), frame.length)];
    return kept === frame ? this.#batch.memoryAddress + start : undefined;
  }

  /** Overwrites the packets of this round, so that tests detect code that kept a borrowed frame. */
  poison(): void {
    this.#batch.memory.fill(0xa5, 0, this.#next * this.#batch.stride);
  }

  #view(slot: number, from: number, length: number): Uint8Array {
    const at = placeOf(slot, length);
    const start = slot * this.#batch.stride + from;
    const known = this.#views[at];
    if (known?.length === length && known.byteOffset === start) return known;
    return (this.#views[at] = this.#batch.memory.subarray(start, start + length));
  }

  #ipv6Key(at: number): AddressKey {
    const [a, b, c, d] = [0, 4, 8, 12].map((offset) => this.#names.getUint32(at + offset)) as [number, number, number, number];
    const place = (a ^ b ^ c ^ d ^ (d >>> 8)) & (keptKeys - 1);
    const kept = this.#keys[place];
    if (kept?.words[0] === a && kept.words[1] === b && kept.words[2] === c && kept.words[3] === d) return kept.key;
    const key = [a, b, c, d].map((word) => word.toString(16).padStart(8, '0')).join('');
    this.#keys[place] = { words: [a, b, c, d], key };
    return key;
  }
}

/** Returns where the view of that slot and length is kept. */
function placeOf(slot: number, length: number): number {
  return slot * viewsPerSlot + ((length ^ (length >>> 3)) & (viewsPerSlot - 1));
}

/** Octets that the kernel reads again and again, at an address that does not change: the header of a tunnel, an address. */
export class FixedOctets {
  readonly length: number;
  readonly address: number;
  readonly #memory: Uint8Array;

  constructor(octets: Uint8Array) {
    this.length = octets.length;
    // Shorter memory may be moved: see addressOf.
    this.#memory = new Uint8Array(Math.max(octets.length, 128));
    this.#memory.set(octets);
    this.address = addressOf(this.#memory);
  }

  /** The octets, which must not be written to. */
  get octets(): Uint8Array {
    return this.#memory.subarray(0, this.length);
  }
}

/** Returns an address, of the family of the socket, to which packets are sent; port 0 for a raw socket. */
export function destination(address: string, port: number): FixedOctets {
  return new FixedOctets(encodeSocketAddress(address, port));
}

/** A packet to send: a frame behind a header. Its sender holds it until `send` returns. */
export interface Packet {
  /** Default: the packet begins with the frame. */
  readonly header?: FixedOctets | undefined;
  readonly frame: Uint8Array;
  /** An address that `destination` returned. Default: the peer of the connected socket. */
  readonly to?: FixedOctets | undefined;
}

/** Sends packets in batches. */
export class PacketBatch {
  readonly #packets: PacketRing;
  readonly #frames: ReceiveRing;
  readonly #batch: Batch;

  /** Frames of both rings are sent from there; others are copied. */
  constructor(packets: PacketRing, frames: ReceiveRing) {
    this.#packets = packets;
    this.#frames = frames;
    this.#batch = new Batch(batchSize, packets.packetSize, { pieces: 2 });
  }

  /**
   * Sends `packets`, from index `from` on, by the socket `fd`, at most `batchSize` of them.
   * @returns how many the kernel took, in order; 0 if it would have to wait; or the errno's name for the refusal of the first (EMSGSIZE).
   */
  send(fd: Fd, packets: readonly Packet[], from: number): number | string {
    const count = Math.min(packets.length - from, batchSize);
    for (let i = 0; i < count; i++) {
      const packet = packets[from + i];
      assert(packet && packet.frame.length <= this.#packets.packetSize, 'a packet to send is no longer than the ring takes');
      this.#describe(i, packet);
    }
    const sent = libc.sendmmsg(fd, this.#batch.headerAddress(0), count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    const errno = lastErrno();
    return errno === 'EAGAIN' || errno === 'EINTR' || errno === 'ENOBUFS' ? 0 : errno;
  }

  #describe(i: number, { header, frame, to }: Packet): void {
    this.#batch.point(i, header?.address ?? 0, header?.length ?? 0, 0);
    this.#batch.point(i, this.#packets.addressOf(frame) ?? this.#frames.addressOf(frame) ?? this.#stage(i, frame), frame.length, 1);
    this.#batch.name(i, to?.address ?? 0, to?.length ?? 0);
  }

  #stage(i: number, frame: Uint8Array): number {
    const offset = i * this.#batch.stride;
    this.#batch.memory.set(frame, offset);
    return this.#batch.memoryAddress + offset;
  }
}
