import { StreamMemory } from '../../system/stream-socket.ts';
import type { BacklogBudget, Charge } from '../pure/backlog.ts';
import { writeFrame } from '../pure/frame-stream.ts';
import type { Sink } from '../pure/send-queue.ts';
import type { ByteChannel } from './byte-channel.ts';

/** The connection that an outbox writes to. */
export interface OutboxOptions {
  readonly channel: ByteChannel;
  readonly lengthSize: 2 | 4;
  /** True if each frame leaves by a system call of its own. Default: false. */
  readonly packets?: boolean;
  readonly budget: BacklogBudget;
}

/** The memory of an outbox, in octets: room for a batch of full frames. */
const outboxSize = 131_072;

/** Memory that is not in use. An outbox that keeps nothing needs none. */
const spare: StreamMemory[] = [];

/**
 * The sink of a connection: frames are copied into one piece of memory, each after its length, and leave by one system call. Octets that the
 * system does not take at once are kept here. Until they are gone, it takes no more frames.
 */
export class Outbox implements Sink {
  readonly #options: OutboxOptions;
  #memory: StreamMemory | undefined;
  #start = 0;
  #end = 0;
  /** The end of the frame of which a part has been sent. */
  #cut: number | undefined;
  /** The charge for the memory, while octets are kept in it. */
  #charge: Charge | undefined;
  #error: string | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** The octets that the system has not taken yet. */
  get kept(): number {
    return this.#end - this.#start;
  }

  /** The reason why the system refuses to send on this connection for good: an errno's name. Then it takes no more frames. */
  get error(): string | undefined {
    return this.#error;
  }

  send(frames: readonly Uint8Array[], from: number, to: number): number {
    if (this.#error !== undefined || this.kept > 0) return 0;
    let at = from;
    for (let frame = frames[at]; at < to && frame && this.#hasRoom(frame); frame = frames[++at]) {
      this.#end = writeFrame(this.#ownMemory().octets, this.#end, frame, this.#options.lengthSize);
    }
    this.resume();
    return at - from;
  }

  /** Sends octets unchanged. Only while nothing is kept. */
  sendOctets(octets: Uint8Array): void {
    if (octets.length === 0) return;
    this.#ownMemory().octets.set(octets, this.#end);
    this.#end += octets.length;
    this.resume();
  }

  resume(): void {
    if (this.kept === 0) return;
    const sent = this.#options.packets === true ? this.#sendPackets() : this.#sendUpTo(this.#end);
    if (typeof sent === 'number') this.#start += sent;
    else if (sent !== 'EAGAIN') this.#error = sent;
    if (this.#start === this.#end || this.#error !== undefined) this.clear();
    else this.#charge ??= this.#options.budget.charge(outboxSize);
  }

  /** Discards the kept octets. */
  clear(): void {
    this.#charge?.[Symbol.dispose]();
    this.#charge = undefined;
    this.#start = this.#end = 0;
    this.#cut = undefined;
    if (this.#memory && spare.length < 8) spare.push(this.#memory);
    this.#memory = undefined;
  }

  #hasRoom(frame: Uint8Array): boolean {
    return this.#end + this.#options.lengthSize + frame.length <= outboxSize;
  }

  /** Returns the number of octets that the system took, or the errno's name. */
  #sendUpTo(end: number, start = this.#start): number | string {
    return this.#options.channel.send(this.#ownMemory(), start, end);
  }

  /** Sends frame by frame, with the same result. An error after the first frame occurs again in the next call. */
  #sendPackets(): number | string {
    let at = this.#start;
    while (at < this.#end) {
      const end = this.#cut ?? this.#endOfFrame(at);
      const sent = this.#sendUpTo(end, at);
      if (typeof sent === 'string') return at > this.#start ? at - this.#start : sent;
      at += sent;
      this.#cut = at < end ? end : undefined;
      if (at < end) break;
    }
    return at - this.#start;
  }

  #endOfFrame(start: number): number {
    const { lengthSize } = this.#options;
    const length = this.#ownMemory().octets.subarray(start, start + lengthSize);
    return start + lengthSize + length.reduce((sum, octet) => sum * 0x100 + octet, 0);
  }

  #ownMemory(): StreamMemory {
    return (this.#memory ??= spare.pop() ?? new StreamMemory(outboxSize));
  }
}
