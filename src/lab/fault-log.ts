/** A point of a run between two frames. */
export interface Moment {
  /** In milliseconds. */
  readonly time: number;
  /** The number of the first frame that was sent after it. */
  readonly frame: number;
}

/** A fault, from its beginning to its end. */
export interface FaultSpan {
  /** As the notation names it: `f1`. */
  readonly name: string;
  /** As the notation has it: `cut s1-s2`. */
  readonly text: string;
  readonly begins: Moment;
  /** Undefined while it lasts. */
  ends: Moment | undefined;
}

/** A log holds so many faults at most. */
const maxFaults = 10_000;

/** The faults of a run, the last ones, in the order in which they began. */
export class FaultLog {
  readonly #most: number;
  #spans: FaultSpan[] = [];
  #total = 0;

  constructor(most = maxFaults) {
    this.#most = most;
  }

  /** Those that are remembered. */
  get spans(): readonly FaultSpan[] {
    return this.#spans;
  }

  /** How many are not remembered any more. */
  get forgotten(): number {
    return this.#total - this.#spans.length;
  }

  /** A fault begins. What is returned is told when it ends. */
  begin(name: string, text: string, begins: Moment): FaultSpan {
    const span: FaultSpan = { name, text, begins, ends: undefined };
    this.#total++;
    this.#spans.push(span);
    if (this.#spans.length > this.#most) this.#spans = this.#spans.slice(-Math.ceil(this.#most / 2));
    return span;
  }
}
