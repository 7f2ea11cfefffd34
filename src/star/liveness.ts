import type { Clock, Timer } from '../clock.ts';

/** The seconds of silence after which a far end is suspect, and gone; in milliseconds. */
export interface LivenessLimits {
  /** Default: 3,000. */
  readonly suspectAfter?: number;
  /** Default: 5,000. */
  readonly goneAfter?: number;
}

/** The state of a far end by the signs of its process. */
export type Life = 'alive' | 'suspect' | 'gone';

/** One far end that is watched. Disposing it ends the watch. */
export interface Watched extends Disposable {
  readonly life: Life;
  /** Notes a sign of life. */
  heard(): void;
}

/** The interval of the ticks, in milliseconds. Signs of life are sent as often. */
export const pulse = 1000;

/** The latest time of a tick after the one before it that is in time, in milliseconds. The time beyond it does not count as attended. */
const mostAttended = pulse * 1.25;

/**
 * Judges far ends by their silence. It counts only the time that it attends: while its own loop lags, or its machine sleeps, a tick comes late,
 * and the time beyond its interval does not count. At a late tick there is no verdict, since signs that arrived meanwhile may not have been
 * read. So a slow judge ends no living process.
 */
export class Liveness implements Disposable {
  readonly #clock: Clock;
  readonly #tick: (isLate: boolean) => void;
  readonly #suspectAfter: number;
  readonly #goneAfter: number;
  readonly #watched = new Set<Watch>();
  #timer: Timer;
  #last: number;
  /** The time attended until the last tick. */
  #attended = 0;

  /** `tick` is called once a second: send signs of life there. `isLate` is true if this process has not attended meanwhile. */
  constructor(clock: Clock, tick: (isLate: boolean) => void, { suspectAfter = 3000, goneAfter = 5000 }: LivenessLimits = {}) {
    this.#clock = clock;
    this.#tick = tick;
    this.#suspectAfter = suspectAfter;
    this.#goneAfter = goneAfter;
    this.#last = clock.monotonic();
    this.#timer = clock.after(pulse, this.#beat);
  }

  /**
   * Watches a far end. `tell` is called with each change of its life, and with the silence in milliseconds; `gone` is the last. It may be silent
   * `patience` times as long as others.
   */
  watch(tell: (life: Life, silence: number) => void, patience = 1): Watched {
    const watch = new Watch(
      () => this.#now,
      { suspect: this.#suspectAfter * patience, gone: this.#goneAfter * patience },
      tell,
      (one) => void this.#watched.delete(one),
    );
    this.#watched.add(watch);
    return watch;
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#watched.clear();
  }

  get #now(): number {
    return this.#attended + Math.min(this.#clock.monotonic() - this.#last, mostAttended);
  }

  readonly #beat = (): void => {
    const now = this.#clock.monotonic();
    const isLate = now - this.#last > mostAttended;
    this.#attended = this.#now;
    this.#last = now;
    this.#timer = this.#clock.after(pulse, this.#beat);
    this.#tick(isLate);
    if (!isLate) for (const watch of this.#watched) watch.judge(this.#attended);
  };
}

class Watch implements Watched {
  life: Life = 'alive';
  readonly #now: () => number;
  readonly #after: { readonly suspect: number; readonly gone: number };
  readonly #tell: (life: Life, silence: number) => void;
  readonly #end: (watch: Watch) => void;
  #heard: number;

  constructor(
    now: () => number,
    after: { readonly suspect: number; readonly gone: number },
    tell: (life: Life, silence: number) => void,
    end: (watch: Watch) => void,
  ) {
    this.#now = now;
    this.#after = after;
    this.#tell = tell;
    this.#end = end;
    this.#heard = now();
  }

  heard(): void {
    this.#heard = this.#now();
    if (this.life === 'suspect') this.#be('alive', 0);
  }

  judge(now: number): void {
    const silence = now - this.#heard;
    if (silence >= this.#after.gone) {
      this[Symbol.dispose]();
      this.#be('gone', silence);
    } else if (silence >= this.#after.suspect && this.life === 'alive') this.#be('suspect', silence);
  }

  [Symbol.dispose](): void {
    this.#end(this);
  }

  #be(life: Life, silence: number): void {
    this.life = life;
    this.#tell(life, silence);
  }
}
