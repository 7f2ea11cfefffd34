import type { Clock, Timer } from '../clock.ts';

/**
 * One try to hand octets over: how many were taken, 0 when none are for now, undefined when these are refused for good. Must not wait; a
 * promise is for what a thread of Node's pool does.
 */
export type Give = (octets: Uint8Array) => number | undefined | Promise<number | undefined>;

/** How an outlet bounds what waits, and what it says of what was lost. */
export interface OutletOptions {
  readonly clock: Clock;
  /** How many octets may wait. */
  readonly limit: number;
  /** The text that stands for so many lost lines. */
  readonly lost?: (count: number) => string;
}

/** Text that waits: `lines` is what is lost when it is refused. */
interface Piece {
  readonly octets: Uint8Array;
  readonly lines: number;
}

/** All of this process: what they have is brought to their readers when it ends. */
const outlets = new Set<Outlet>();

/** Resolves when all text of this process was taken, and after `limit` milliseconds at the latest. */
export async function outletsFlushed(limit: number): Promise<void> {
  await Promise.all(Array.from(outlets, (outlet) => outlet.flushed(limit)));
}

/** How long it takes until a reader that took nothing is tried again, in milliseconds. */
const retryInterval = 100;

/**
 * Where text leaves the process: standard output and error, the system's log. A reader that stops never makes the process wait: text waits
 * for it within a bound, what is beyond is dropped, and the reader is told how many lines were lost once it goes on.
 */
export class Outlet {
  /** The text that stands for so many lost lines. */
  lost: (count: number) => string;
  /** Is told when text that had to wait was taken. */
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
  /** Whether what was written had to wait since `drained` was told. */
  #waited = false;

  constructor(give: Give, { clock, limit, lost = (count): string => `${count} lines lost\n` }: OutletOptions) {
    this.#give = give;
    this.#clock = clock;
    this.#limit = limit;
    this.lost = lost;
    outlets.add(this);
  }

  /** How many octets wait. */
  get backlog(): number {
    return this.#size;
  }

  /** Writes a line, or another piece of text that makes sense alone. */
  write(text: string): void {
    // Of nothing a reader takes nothing, and that would look as if it had stopped.
    if (text === '') return;
    const octets = Buffer.from(text);
    // After a loss there must be room for a while, or every other line would be one that tells of the loss.
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

  /** From now on hands over by other means. What waits goes there, too. */
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

  /** What a try has brought. Returns whether it makes sense to try on. */
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
    // Nobody may write for a long time: the loss is told as soon as there is somebody to tell.
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
