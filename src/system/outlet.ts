import type { Clock, Timer } from '../clock.ts';

/**
 * Makes one attempt to write octets. Returns the number written, 0 if none can be written now, or undefined if none can ever be. It must
 * not block; it may return a promise for work that a thread of Node's pool does.
 */
export type Give = (octets: Uint8Array) => number | undefined | Promise<number | undefined>;

/** The limit of waiting text, and the report of lost text. */
export interface OutletOptions {
  readonly clock: Clock;
  /** The most octets that may wait. */
  readonly limit: number;
  /** Returns the text that reports a number of lost lines. */
  readonly lost?: (count: number) => string;
}

/** Waiting text; `lines` is the number of lines that are lost if it is dropped. */
interface Piece {
  readonly octets: Uint8Array;
  readonly lines: number;
}

/** All outlets of this process, so that their text can be delivered before it ends. */
const outlets = new Set<Outlet>();

/** Resolves when all text of this process has been written, or after `limit` milliseconds. */
export async function outletsFlushed(limit: number): Promise<void> {
  await Promise.all(Array.from(outlets, (outlet) => outlet.flushed(limit)));
}

/** The time between attempts to write to a stalled reader, in milliseconds. */
const retryInterval = 100;

/**
 * A path for text out of the process: to standard output, standard error or the system's log. A stalled reader never blocks the process.
 * Text waits up to a limit, and further text is dropped. When the reader continues, it gets the number of lost lines.
 */
export class Outlet {
  /** Returns the text that reports a number of lost lines. */
  lost: (count: number) => string;
  /** Called when waiting text has been written. */
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

  /** Writes a line, or another piece of text that makes sense on its own. */
  write(text: string): void {
    // An attempt to write an empty text returns 0, as with a stalled reader.
    if (text === '') return;
    const octets = Buffer.from(text);
    // After a loss, half of the room must become free first. Otherwise every second line would report a loss.
    const room = this.#lostLines > 0 ? this.#limit / 2 : this.#limit;
    if (this.#size + octets.length > room) {
      this.#lostLines++;
      return;
    }
    this.#tellLoss();
    this.#push({ octets, lines: 1 });
    this.#drain();
  }

  /** Resolves when all text has been written, or after `limit` milliseconds. */
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

  /** Replaces the means of writing, also for text that already waits. */
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

  /** Handles the result of an attempt. Returns whether to try again at once. */
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
    // Reports a loss as soon as the reader continues, since the next line may come much later.
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
