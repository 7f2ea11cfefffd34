import { StreamMemory } from '../system/stream-socket.ts';
import type { Fd } from '../system/unix-socket.ts';
import type { BacklogBudget } from './backlog.ts';
import { writeFrame } from './frame-stream.ts';
import type { PortDrop } from './port.ts';

/** Of which connection an outbox is, and its bounds. */
export interface OutboxOptions {
  readonly fd: Fd;
  readonly lengthSize: 2 | 4;
  /** What may wait for the far end to read, in octets. */
  readonly limit: number;
  readonly budget: BacklogBudget;
}

/** The memory of an outbox to begin with, in octets: room for a batch of full frames. */
const outboxSize = 131_072;

/** Memory of that size that no outbox has: one that holds nothing needs none. */
const spare: StreamMemory[] = [];

/**
 * What a connection sends: frames are copied here as they come, each behind its length, and leave by one system call a breath. What the
 * system does not take at once stays, in order and bounded; while something stays, nothing else is sent before it.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #memory: StreamMemory | undefined;
  #start = 0;
  #end = 0;
  /** What stayed and is counted in the budget; 0 while the far end reads. */
  #waiting = 0;
  #error: string | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** How many octets wait for the far end to read. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Why the system refuses to send on this connection: an errno's name. Undefined while it does not. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Takes a copy of the frame, or tells why not. */
  add(frame: Uint8Array): PortDrop | undefined {
    if (this.#error !== undefined) return 'send-failed';
    const { lengthSize, limit, budget } = this.#options;
    const size = lengthSize + frame.length;
    if (this.#waiting === 0 && this.#end + size > outboxSize) this.#send();
    if (this.#waiting > 0) {
      if (this.#waiting + size > limit) return 'backlog-full';
      if (!budget.take(size, this.#waiting)) return 'budget-full';
      this.#waiting += size;
    }
    const memory = this.#withRoom(size);
    this.#end = writeFrame(memory.octets, this.#end, frame, lengthSize);
    return undefined;
  }

  /** Takes octets that are sent as they are, at the start of the connection. */
  addOctets(octets: Uint8Array): void {
    this.#withRoom(octets.length).octets.set(octets, this.#end);
    this.#end += octets.length;
  }

  /** Hands to the system what was added, unless something waits already. Returns whether something waits then. */
  flush(): boolean {
    if (this.#waiting === 0 && this.#end > 0) this.#send();
    return this.#waiting > 0;
  }

  /** The system takes something again. Returns whether something waits even so. */
  drain(): boolean {
    if (this.#waiting > 0) this.#send();
    return this.#waiting > 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.#wait(0);
    this.#exchange(undefined);
    this.#start = 0;
    this.#end = 0;
  }

  #send(): void {
    const sent = this.#memory?.send(this.#options.fd, this.#start, this.#end) ?? 0;
    if (typeof sent === 'string' && sent !== 'EAGAIN') {
      this.#error = sent;
      this.clear();
      return;
    }
    this.#start += typeof sent === 'string' ? 0 : sent;
    if (this.#start === this.#end) this.clear();
    else this.#wait(this.#end - this.#start);
  }

  #wait(octets: number): void {
    this.#options.budget.used += octets - this.#waiting;
    this.#waiting = octets;
  }

  /** The memory, with room for so many octets behind what it holds. */
  #withRoom(size: number): StreamMemory {
    const memory = this.#memory ?? this.#exchange(spare.pop() ?? new StreamMemory(outboxSize));
    const { length } = memory.octets;
    if (this.#end + size <= length) return memory;
    const held = memory.octets.subarray(this.#start, this.#end);
    const needed = held.length + size;
    // What is free in front is worth the copy when it is much: else the next frame would need another.
    const larger = 3 * needed > 2 * length ? new StreamMemory(Math.ceil(1.5 * needed)) : memory;
    larger.octets.set(held);
    if (larger !== memory) this.#exchange(larger);
    this.#start = 0;
    this.#end = held.length;
    return larger;
  }

  #exchange<Memory extends StreamMemory | undefined>(memory: Memory): Memory {
    if (this.#memory?.octets.length === outboxSize && spare.length < 8) spare.push(this.#memory);
    this.#memory = memory;
    return memory;
  }
}
