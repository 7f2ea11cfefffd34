import { minFrame } from '../wire/ethernet.ts';
import { Backlog, BacklogBudget } from './backlog.ts';
import { maxFrame, newPortCounters, type Breath, type Port, type PortDrop, type Receiver } from './port.ts';

/**
 * A cable in memory: what one end transmits the other receives, in a breath of its own after the flush, for `receive` is never
 * re-entered. Between two switches of one process, or under test.
 */
export class MemoryPort implements Port {
  readonly module = 'memory';
  readonly description: string;
  readonly counters = newPortCounters();
  readonly #breath: Breath;
  readonly #defer: (work: () => void) => void;
  readonly #backlog = new Backlog(new BacklogBudget());
  #peer: MemoryPort | undefined;
  #receiver: Receiver | undefined;
  #pending: Uint8Array[] = [];
  #scheduled = false;
  #up = true;

  private constructor(description: string, { breath, defer }: MemoryEnvironment) {
    this.description = description;
    this.#breath = breath;
    this.#defer = defer;
  }

  /** Two ends of a new cable. */
  static pair(environment: MemoryEnvironment, far: MemoryEnvironment = environment): [MemoryPort, MemoryPort] {
    const a = new MemoryPort('memory a', environment);
    const b = new MemoryPort('memory b', far);
    a.#peer = b;
    b.#peer = a;
    return [a, b];
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    receiver.carrier(this.#peer !== undefined && this.#peer.#up);
    if (this.#backlog.count > 0) this.#schedule();
  }

  transmit(frame: Uint8Array): void {
    if (!this.#peer) this.counters.drops['no-carrier']++;
    else if (frame.length > maxFrame) this.counters.drops.oversize++;
    else if (frame.length < minFrame) this.counters.drops.runt++;
    else this.#pending.push(frame);
  }

  flush(): void {
    const frames = this.#pending;
    this.#pending = [];
    for (const frame of frames) this.#send(frame);
  }

  /** The other end loses the carrier, and has it back. */
  enable(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    const peer = this.#peer;
    if (peer) peer.#breath(() => peer.#receiver?.carrier(up));
  }

  [Symbol.asyncDispose](): Promise<void> {
    const peer = this.#peer;
    this.#peer = undefined;
    this.#backlog.clear();
    if (peer) {
      peer.#peer = undefined;
      peer.#backlog.clear();
      peer.#receiver?.closed('the other end of the cable was closed');
    }
    return Promise.resolve();
  }

  #send(frame: Uint8Array): void {
    const drop = this.#peer ? this.#peer.#take(frame) : 'no-carrier';
    if (drop) {
      this.counters.drops[drop]++;
      return;
    }
    this.counters.sentFrames++;
    this.counters.sentOctets += frame.length;
  }

  /** Keeps a frame from the other end until its turn, or tells why not. */
  #take(frame: Uint8Array): PortDrop | undefined {
    const drop = this.#backlog.add(frame);
    if (!drop) this.#schedule();
    return drop;
  }

  #schedule(): void {
    if (this.#scheduled || !this.#receiver) return;
    this.#scheduled = true;
    this.#defer(() => {
      this.#scheduled = false;
      this.#breath(this.#deliver);
    });
  }

  /** Whoever receives may close the cable meanwhile. */
  #isOpen(): boolean {
    return this.#peer !== undefined;
  }

  readonly #deliver = (): void => {
    // What is answered meanwhile waits for the next turn.
    for (let count = this.#backlog.count; count > 0 && this.#isOpen();) {
      // Copies, since an answer that waits may get the memory of what it answers.
      const frames = Array.from(this.#backlog.first().slice(0, count), (frame) => frame.slice());
      this.#backlog.shift(frames.length);
      count -= frames.length;
      for (const frame of frames) {
        if (!this.#isOpen()) return;
        this.counters.receivedFrames++;
        this.counters.receivedOctets += frame.length;
        this.#receiver?.receive(frame);
      }
    }
  };
}

/** What a cable needs of the side it is plugged into. */
export interface MemoryEnvironment {
  readonly breath: Breath;
  readonly defer: (work: () => void) => void;
}
