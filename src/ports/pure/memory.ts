import { BacklogBudget } from './backlog.ts';
import { Intake } from './intake.ts';
import { newPortCounters, type Breath, type Port, type Receiver } from './port.ts';
import { SendQueue } from './send-queue.ts';

/**
 * A cable in memory: frames sent by one end are received by the other. They arrive in a breath of their own after the flush, since
 * `receive` is never re-entered. Connects two switches of one process, or a test.
 *
 * @example
 * ```ts
 * import { MemoryPort } from 'etherloom/ports';
 *
 * const [a, b] = MemoryPort.pair({ breath: (work) => work(), defer: (work) => setImmediate(work) });
 * b.attach({ receive: (frame) => console.log(frame.length), carrier: () => undefined, closed: () => undefined });
 * a.attach({ receive: () => undefined, carrier: () => undefined, closed: () => undefined });
 * a.transmit(new Uint8Array(60));
 * a.flush();
 * await new Promise((resolve) => setImmediate(resolve)); // 60
 * ```
 */
export class MemoryPort implements Port {
  readonly module = 'memory';
  readonly description: string;
  readonly counters = newPortCounters();
  readonly #breath: Breath;
  readonly #defer: (work: () => void) => void;
  readonly #intake = new Intake(this.counters);
  readonly #queue = new SendQueue({
    sink: { send: (frames, from, to) => this.#pass(frames, from, to) },
    counters: this.counters,
    budget: new BacklogBudget(),
  });
  #peer: MemoryPort | undefined;
  /** The number of frames that the other end receives in the current breath. */
  #due = 0;
  #scheduled = false;
  #up = true;

  private constructor(description: string, { breath, defer }: MemoryEnvironment) {
    this.description = description;
    this.#breath = breath;
    this.#defer = defer;
  }

  /** Returns the two ends of a new cable. */
  static pair(environment: MemoryEnvironment, far: MemoryEnvironment = environment): [MemoryPort, MemoryPort] {
    const a = new MemoryPort('memory a', environment);
    const b = new MemoryPort('memory b', far);
    a.#peer = b;
    b.#peer = a;
    return [a, b];
  }

  attach(receiver: Receiver): void {
    this.#intake.receiver = receiver;
    receiver.carrier(this.#peer !== undefined && this.#peer.#up);
    this.#schedule();
  }

  transmit(frame: Uint8Array): void {
    if (this.#peer) this.#queue.add(frame);
    else this.counters.drops['no-carrier']++;
  }

  flush(): void {
    this.#queue.flush();
    const peer = this.#peer;
    if (peer) peer.#schedule();
  }

  /** Takes the carrier from the other end, or returns it. */
  enable(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    const peer = this.#peer;
    if (peer) peer.#breath(() => peer.#intake.receiver?.carrier(up));
  }

  [Symbol.asyncDispose](): Promise<void> {
    const peer = this.#peer;
    this.#peer = undefined;
    this.#queue[Symbol.dispose]();
    if (peer) {
      peer.#peer = undefined;
      peer.#queue[Symbol.dispose]();
      peer.#intake.receiver?.closed('the other end of the cable was closed');
    }
    return Promise.resolve();
  }

  /** Schedules the delivery of the other end's frames to this one. */
  #schedule(): void {
    const peer = this.#peer;
    if (this.#scheduled || !this.#intake.receiver || !peer || !peer.#queue.blocked) return;
    this.#scheduled = true;
    this.#defer(() => {
      this.#scheduled = false;
      this.#breath(this.#take);
    });
  }

  readonly #take = (): void => {
    const peer = this.#peer;
    if (!peer) return;
    // Answers to these frames wait for the next turn.
    peer.#due = peer.#queue.count;
    peer.#queue.drain();
    peer.#due = 0;
    this.#schedule();
  };

  /** Delivers copies to the other end: the memory of a frame may be used again while its receiver borrows it. */
  #pass(frames: readonly Uint8Array[], from: number, to: number): number {
    const count = Math.min(to - from, this.#due);
    this.#due -= count;
    const copies = frames.slice(from, from + count).map((frame) => frame.slice());
    for (const copy of copies) {
      const peer = this.#peer;
      // The receiver may have closed the cable.
      if (!peer) break;
      peer.#intake.take(copy);
    }
    return count;
  }
}

/** The environment of a cable's end. */
export interface MemoryEnvironment {
  readonly breath: Breath;
  readonly defer: (work: () => void) => void;
}
