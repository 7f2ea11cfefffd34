import { StreamMemory, type StreamKind } from '../system/stream-socket.ts';
import type { Fd } from '../system/unix-socket.ts';
import { Backlog, type BacklogBudget, type Charge } from './backlog.ts';
import { writeFrame } from './frame-stream.ts';
import type { PortCounters, PortDrop } from './port.ts';

/** Of which connection an outbox is, and its bounds. */
export interface OutboxOptions {
  readonly fd: Fd;
  /** What the descriptor is. Default: a socket. */
  readonly kind?: StreamKind;
  readonly lengthSize: 2 | 4;
  /** Whether each frame leaves by a system call of its own. Default: false. */
  readonly packets?: boolean;
  /** What may wait for the far end to read, in octets. Default: what the budget gives a port. */
  readonly limit?: number | undefined;
  readonly budget: BacklogBudget;
  /** Where each frame is counted: when it is sent, or why it is not. */
  readonly counters: PortCounters;
}

/** The memory of an outbox, in octets: room for a batch of full frames. */
const outboxSize = 131_072;

/** Memory that no outbox has: one that holds nothing needs none. */
const spare: StreamMemory[] = [];

/**
 * What a connection sends: frames are copied here as they come, each behind its length, and leave by one system call a breath. What the
 * system does not take at once stays, and the frames that come then wait in a backlog: they go first, in order, when it takes more.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #backlog: Backlog;
  #memory: StreamMemory | undefined;
  #start = 0;
  #end = 0;
  /** Where the frame ends of which a part has left by itself. */
  #cut: number | undefined;
  /** What stayed, in octets; while anything does, the budget is charged with the memory. */
  #rest = 0;
  #charge: Charge | undefined;
  #error: string | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const { limit, budget, counters } = options;
    const bounds = { frames: Infinity, ...(limit !== undefined && { octets: limit }) };
    this.#backlog = new Backlog(budget, bounds, (frames, why) => (counters.drops[why] += frames));
  }

  /** Whether the system takes no more for now. */
  get blocked(): boolean {
    return this.#rest > 0;
  }

  /** What waits for the far end, in octets. */
  get waiting(): number {
    return this.#rest + this.#backlog.octets;
  }

  /** Why the system refuses to send on this connection: an errno's name. Undefined while it does not. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Takes a copy of the frame, or counts why not. */
  add(frame: Uint8Array): void {
    if (!this.#hasRoom(frame) && !this.blocked) this.#send();
    if (this.#error !== undefined) this.#options.counters.drops['send-failed']++;
    else if (this.blocked) this.#keep(frame);
    else this.#write(frame);
  }

  /** Takes octets that are sent as they are, at the start of the connection. */
  addOctets(octets: Uint8Array): void {
    if (octets.length === 0) return;
    this.#ownMemory().octets.set(octets, this.#end);
    this.#end += octets.length;
  }

  /** Hands to the system what was added, unless it takes no more. Returns whether something waits then. */
  flush(): boolean {
    if (!this.blocked && this.#end > 0) this.#send();
    return this.blocked;
  }

  /** The system takes something again. Returns whether something waits even so. */
  drain(): boolean {
    if (this.blocked) this.#send();
    while (!this.blocked && this.#backlog.count > 0) {
      this.#refill();
      this.#send();
    }
    return this.blocked;
  }

  /** Drops the frames that wait, but for those that are among octets which the system has begun to take. */
  drop(why: PortDrop): void {
    this.#options.counters.drops[why] += this.#backlog.clear();
  }

  /** Forgets everything; the frames that waited are counted. */
  clear(): void {
    this.drop('no-carrier');
    this.#empty();
  }

  #hasRoom(frame: Uint8Array): boolean {
    return this.#end + this.#options.lengthSize + frame.length <= outboxSize;
  }

  #write(frame: Uint8Array): void {
    const { lengthSize, counters } = this.#options;
    this.#end = writeFrame(this.#ownMemory().octets, this.#end, frame, lengthSize);
    counters.sentFrames++;
    counters.sentOctets += frame.length;
  }

  #keep(frame: Uint8Array): void {
    const drop = this.#backlog.add(frame);
    if (drop) this.#options.counters.drops[drop]++;
  }

  /** Moves frames from the backlog to the memory, which is empty, as many as there is room for. */
  #refill(): void {
    while (this.#backlog.count > 0) {
      let moved = 0;
      for (const frame of this.#backlog.first()) {
        if (!this.#hasRoom(frame)) {
          this.#backlog.shift(moved);
          return;
        }
        this.#write(frame);
        moved++;
      }
      this.#backlog.shift(moved);
    }
  }

  #send(): void {
    const sent = this.#options.packets === true ? this.#sendPackets() : this.#sendUpTo(this.#end);
    if (typeof sent === 'string' && sent !== 'EAGAIN') {
      this.#error = sent;
      this.clear();
      return;
    }
    this.#start += typeof sent === 'string' ? 0 : sent;
    if (this.#start === this.#end) this.#empty();
    else this.#stay(this.#end - this.#start);
  }

  /** Returns how many octets the system took, or the errno's name. */
  #sendUpTo(end: number, start = this.#start): number | string {
    return this.#memory?.send(this.#options.fd, start, end, this.#options.kind) ?? 0;
  }

  /** The same, frame by frame. An error after some is met again by the next call. */
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

  #stay(octets: number): void {
    this.#rest = octets;
    if (octets > 0) this.#charge ??= this.#options.budget.charge(outboxSize);
    else {
      this.#charge?.[Symbol.dispose]();
      this.#charge = undefined;
    }
  }

  #empty(): void {
    this.#stay(0);
    this.#start = this.#end = 0;
    this.#cut = undefined;
    if (this.#memory && spare.length < 8) spare.push(this.#memory);
    this.#memory = undefined;
  }

  #ownMemory(): StreamMemory {
    return (this.#memory ??= spare.pop() ?? new StreamMemory(outboxSize));
  }
}
