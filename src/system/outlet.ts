import type { Clock, Timer } from '../clock.ts';

/**
 * Makes one attempt to pass octets on. Returns the number taken, 0 if none is taken for now, undefined if they are refused for good. It
 * must not wait; a promise stands for work of a thread of Node's pool.
 */
export type Give = (octets: Uint8Array) => number | undefined | Promise<number | undefined>;

/** The bound of waiting text, and the report of lost text. */
export interface OutletOptions {
  readonly clock: Clock;
  /** The most octets that may wait. */
  readonly limit: number;
  /** Returns the text that reports a number of lost lines. */
  readonly lost?: (count: number) => string;
}

/** Waiting text: `lines` is the number of lines that are lost if it is refused. */
interface Piece {
  readonly octets: Uint8Array;
  readonly lines: number;
}

/** All outlets of this process: their text is delivered when it ends. */
const outlets = new Set<Outlet>();

/** Resolves when all text of this process was taken, and after `limit` milliseconds at the latest. */
export async function outletsFlushed(limit: number): Promise<void> {
  await Promise.all(Array.from(outlets, (outlet) => outlet.flushed(limit)));
}

/** The time until a stalled reader is tried again, in milliseconds. */
const retryInterval = 100;

/**
 * A way for text out of the process: standard output and error, the system's log. A stalled reader never makes the process wait. Text waits
 * for it within a bound, and the rest is dropped. Once it reads again, it gets the number of lost lines.
 */
export class Outlet {
  /** Returns the text that reports a number of lost lines. */
  lost: (count: number) => string;
  /** Called when waiting text was taken. */
  drained: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #pieces: Piece[] = [];
  readonly #waiters = new Set<() => void>();
  #give: Give;
  #size = 0;
  #lostLines = 0;
  #retry: Timer | undefined;
  #giving = false;
  /** True if text had to wait since `drained` was last called. */
  #waited = false;

  constructor(give: Give, { clock, limit, lost = (count): string => `${count} lines lost\n` }: OutletOptions) {
    this.#give = give;
    this.#clock = clock;
    this.#limit = limit;
    this.lost = lost;
    outlets.add(this);
  }

  /** The number of waiting octets. */
  get backlog(): number {
    return this.#size;
  }

  /** Writes a line, or another piece of text that makes sense alone. */
  write(text: string): void {
    // A reader takes nothing of an empty text, which would look as if it had stalled.
    if (text === '') return;
    const octets = Buffer.from(text);
    // After a loss there must be some room first. Otherwise every second line would report a loss.
    const room = this.#lostLines > 0 ? this.#limit / 2 : this.#limit;
    if (this.#size + octets.length > room) {
      this.#lostLines++;
      return;
    }
    this.#tellLoss();
    this.#push({ octets, lines: 1 });
    this.#drain();
  }

  /** Resolves when all text was taken, and after `limit` milliseconds at the latest. */
  flushed(limit: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done);
        timer[Symbol.dispose]();
        resolve();
      };
      const timer = this.#clock.after(limit, done);
      this.#waiters.add(done);
      this.#drain();
      this.#settle();
    });
  }

  /** Passes text on by other means from now on, also waiting text. */
  redirect(give: Give): void {
    this.#give = give;
    this.#drain();
  }

  #push(piece: Piece): void {
    this.#pieces.push(piece);
    this.#size += piece.octets.length;
  }

  #tellLoss(): void {
    if (this.#lostLines === 0) return;
    this.#push({ octets: Buffer.from(this.lost(this.#lostLines)), lines: this.#lostLines });
    this.#lostLines = 0;
  }

  #drain(): void {
    if (this.#giving) return;
    for (let first = this.#pieces[0]; first; first = this.#pieces[0]) {
      const taken = this.#give(first.octets);
      if (taken instanceof Promise) {
        this.#giving = this.#waited = true;
        void taken.then((count) => {
          this.#giving = false;
          if (this.#took(count)) this.#drain();
        });
        return;
      }
      if (!this.#took(taken)) return;
    }
  }

  /** Handles the result of an attempt. Returns whether another attempt makes sense. */
  #took(count: number | undefined): boolean {
    const first = this.#pieces[0];
    if (!first) return false;
    if (count === 0) {
      this.#waited = true;
      if (this.#retry === undefined) {
        this.#retry = this.#clock.after(retryInterval, () => {
          this.#retry = undefined;
          this.#drain();
        });
      }
      return false;
    }
    this.#size -= count ?? first.octets.length;
    if (count === undefined) this.#lostLines += first.lines;
    if (count === undefined || count === first.octets.length) this.#pieces.shift();
    else this.#pieces[0] = { ...first, octets: first.octets.subarray(count) };
    // There may be no more writes for a long time: the loss is reported as soon as the reader reads.
    if (this.#pieces.length === 0 && count !== undefined) this.#tellLoss();
    this.#settle();
    return true;
  }

  #settle(): void {
    if (this.#pieces.length > 0) return;
    for (const done of [...this.#waiters]) done();
    if (!this.#waited) return;
    this.#waited = false;
    this.drained();
  }
}
