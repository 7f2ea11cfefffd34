/** A point of a run between two frames. */
export interface Moment {
  /** In milliseconds. */
  readonly time: number;
  /** The number of the first frame that was sent after it. */
  readonly frame: number;
}

/** A fault, from its beginning to its end. */
export interface FaultSpan {
  /** The name that the notation gives it: `f1`. */
  readonly name: string;
  /** The text in the notation: `cut s1-s2`. */
  readonly text: string;
  readonly begins: Moment;
  /** Undefined while it lasts. */
  ends: Moment | undefined;
}

/** The most faults in a log. */
const maxFaults = 10_000;

/** The last faults of a run, in the order in which they began. */
export class FaultLog {
  #spans: FaultSpan[] = [];
  #total = 0;

  /** The remembered faults. */
  get spans(): readonly FaultSpan[] {
    return this.#spans;
  }

  /** The number of faults that are no longer remembered. */
  get forgotten(): number {
    return this.#total - this.#spans.length;
  }

  /** Adds a fault. The returned value must get its end. */
  begin(name: string, text: string, begins: Moment): FaultSpan {
    const span: FaultSpan = { name, text, begins, ends: undefined };
    this.#total++;
    this.#spans.push(span);
    if (this.#spans.length > maxFaults) this.#spans = this.#spans.slice(-maxFaults / 2);
    return span;
  }
}
