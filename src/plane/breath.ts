import type { Breath, Port } from '../ports/pure/port.ts';

/** A sender whose frames leave together at the end of a breath. */
export interface Touchable {
  /** True if it is flushed at the end of this breath. Set by `BreathLoop` alone; a sender that never waits for a flush starts with true. */
  touched: boolean;
  /** Sends all frames that it has taken. It may touch other senders, or itself again. */
  flush(): void;
}

/** Calls at both ends of each breath. */
export interface BreathHooks {
  /** Called first, before the work. */
  readonly begin?: () => void;
  /** Called last, when no borrowed memory is in use. */
  readonly end?: () => void;
}

/**
 * Makes each piece of work one breath. Frames are borrowed for a breath. All frames that were sent in it leave at its end, sender by sender; then
 * the lenders of memory get it back.
 */
export class BreathLoop {
  readonly #hooks: BreathHooks;
  /** The senders to flush: the first `#count`. The array keeps its length, since an emptied array would be allocated anew in each breath. */
  readonly #touched: (Touchable | undefined)[] = [];
  #count = 0;
  readonly #releases: (() => void)[] = [];
  readonly #failures: unknown[] = [];
  readonly #seats = new WeakMap<Port, Touchable>();
  #breathing = false;

  constructor(hooks: BreathHooks = {}) {
    this.#hooks = hooks;
  }

  /** Runs `work` as one breath, or as a part of the breath that is under way. An error does not keep others from their flush; the first one is thrown at the end. */
  readonly run: Breath = (work) => {
    if (this.#breathing) {
      work();
      return;
    }
    this.#breathing = true;
    try {
      this.#hooks.begin?.();
      work();
    } catch (error) {
      this.#failures.push(error);
    }
    // A flush may touch other senders: a station answers.
    do {
      this.#flush();
      if (this.#releases.length > 0) for (const done of this.#releases.splice(0)) this.#attempt(done);
    } while (this.#count > 0 || this.#releases.length > 0);
    this.#breathing = false;
    if (this.#hooks.end) this.#attempt(this.#hooks.end);
    if (this.#failures.length > 0) throw this.#failures.splice(0)[0];
  };

  /** Schedules a sender to be flushed at the end of this breath. For use inside a breath. */
  touch(sender: Touchable): void {
    if (sender.touched) return;
    sender.touched = true;
    this.#touched[this.#count++] = sender;
  }

  /** Hands a frame to a port; it leaves at the end of the breath. For use inside a breath. */
  give(port: Port, frame: Uint8Array): void {
    port.transmit(frame);
    this.touch(this.#seatOf(port));
  }

  /** Calls `done` once, after the flushes of this breath: the caller may then reuse memory that it lent for it. For use inside a breath. */
  release(done: () => void): void {
    this.#releases.push(done);
  }

  #seatOf(port: Port): Touchable {
    let seat = this.#seats.get(port);
    if (seat === undefined) this.#seats.set(port, (seat = { touched: false, flush: () => port.flush() }));
    return seat;
  }

  /** Flushes the senders, also those that are touched meanwhile. */
  #flush(): void {
    for (let at = 0; at < this.#count; at++) {
      const sender = this.#touched[at];
      this.#touched[at] = undefined;
      if (sender === undefined) continue;
      sender.touched = false;
      try {
        sender.flush();
      } catch (error) {
        this.#failures.push(error);
      }
    }
    this.#count = 0;
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failures.push(error);
    }
  }
}
