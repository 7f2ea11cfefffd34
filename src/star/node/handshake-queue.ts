import type { Timer } from '../../clock.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import { Row } from './row.ts';
import { WorkBudget, type WorkShare } from './work-budget.ts';

/** A piece of work that waits for its turn. */
export interface Turn {
  /** True if it comes before those of strangers. */
  readonly familiar: boolean;
  /** True if it goes on. It comes before those that begin, so that little work is wasted, and little memory is used at a time. */
  readonly isBegun: boolean;
  /** Does the work. */
  run(): void;
}

/** The work of handshakes, one piece in each turn of the event loop, so that frames go between them, and within a budget of time. */
export class HandshakeQueue implements Disposable {
  readonly #clock: PortEnvironment['clock'];
  readonly #budget: WorkBudget;
  /** The waiting work, by rank: see `rankOf`. */
  readonly #waiting: readonly Row<Turn>[] = Array.from({ length: 4 }, () => new Row<Turn>());
  #isDeferred = false;
  #timer: Timer | undefined;
  #open = true;

  constructor(clock: PortEnvironment['clock'], share?: WorkShare) {
    this.#clock = clock;
    this.#budget = new WorkBudget(clock, share);
  }

  /** Adds a piece of work. */
  add(turn: Turn): void {
    this.#waiting[rankOf(turn)]?.add(turn);
    this.#schedule();
  }

  /** Removes a piece of work. Returns false if it did not wait. */
  remove(turn: Turn): boolean {
    return this.#waiting.some((turns) => turns.remove(turn));
  }

  [Symbol.dispose](): void {
    this.#open = false;
    for (const turns of this.#waiting) turns.clear();
    this.#timer?.[Symbol.dispose]();
  }

  #schedule(): void {
    const turn = this.#first();
    if (this.#isDeferred || !turn || !this.#open) return;
    // One that comes later may be more urgent.
    this.#timer?.[Symbol.dispose]();
    const wait = this.#budget.wait(turn.familiar);
    this.#isDeferred = wait === 0;
    if (wait === 0) this.#clock.defer(this.#next);
    else this.#timer = this.#clock.after(wait, this.#next);
  }

  readonly #next = (): void => {
    this.#isDeferred = false;
    const turn = this.#first();
    if (!turn) return;
    this.remove(turn);
    try {
      this.#budget.spend(() => turn.run());
    } finally {
      this.#schedule();
    }
  };

  #first(): Turn | undefined {
    for (const turns of this.#waiting) if (turns.first) return turns.first;
    return undefined;
  }
}

/** Familiar origins come before strangers, and of each those that have begun. */
function rankOf({ familiar, isBegun }: Turn): number {
  return (familiar ? 0 : 2) + (isBegun ? 0 : 1);
}
