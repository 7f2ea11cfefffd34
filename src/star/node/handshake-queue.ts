import type { Timer } from '../../clock.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import { WorkBudget, type WorkShare } from './work-budget.ts';

/** A piece of work that waits for its turn. */
export interface Turn {
  /** True if it comes before those of strangers. */
  readonly familiar: boolean;
  /** Does the work. */
  run(): void;
}

/** The work of handshakes, one piece in each turn of the event loop, so that frames go between them, and within a budget of time. */
export class HandshakeQueue implements Disposable {
  readonly #clock: PortEnvironment['clock'];
  readonly #budget: WorkBudget;
  readonly #waiting = new Set<Turn>();
  #scheduled = false;
  #timer: Timer | undefined;
  #open = true;

  constructor(clock: PortEnvironment['clock'], share?: WorkShare) {
    this.#clock = clock;
    this.#budget = new WorkBudget(clock, share);
  }

  /** Adds a piece of work. */
  add(turn: Turn): void {
    this.#waiting.add(turn);
    this.#schedule();
  }

  /** Removes a piece of work, if it still waits. */
  remove(turn: Turn): void {
    this.#waiting.delete(turn);
  }

  [Symbol.dispose](): void {
    this.#open = false;
    this.#waiting.clear();
    this.#timer?.[Symbol.dispose]();
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0 || !this.#open) return;
    this.#scheduled = true;
    const { wait } = this.#budget;
    if (wait === 0) this.#clock.defer(this.#next);
    else this.#timer = this.#clock.after(wait, this.#next);
  }

  readonly #next = (): void => {
    this.#scheduled = false;
    const turn = this.#first();
    if (!turn) return;
    this.#waiting.delete(turn);
    try {
      this.#budget.spend(() => turn.run());
    } finally {
      this.#schedule();
    }
  };

  #first(): Turn | undefined {
    let first: Turn | undefined;
    for (const turn of this.#waiting) {
      if (turn.familiar) return turn;
      first ??= turn;
    }
    return first;
  }
}
