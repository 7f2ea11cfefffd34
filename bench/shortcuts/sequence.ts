/** The most numbers that are remembered as missing. Those of earlier outages are forgotten first. */
const mostMissing = 100_000;

/** A fault of a frame: it came twice, or after frames that were sent later. */
export type Disorder = 'twice' | 'late';

/** The numbered frames of one sender that arrive at one port. The numbers grow by one, from 0 on. */
export class Sequence {
  #next = 0;
  readonly #missing = new Set<number>();

  /** Notes the arrival of a number. Returns its disorder, if there is any. */
  heard(number: number): Disorder | undefined {
    if (number < this.#next) return this.#missing.delete(number) ? 'late' : 'twice';
    for (; this.#next < number; this.#next++) this.#miss(this.#next);
    this.#next = number + 1;
    return undefined;
  }

  /** The highest number that has arrived, or -1. */
  get last(): number {
    return this.#next - 1;
  }

  /** Returns how many of the numbers from `first` up to, but without, `end` have not arrived. */
  missing(first: number, end: number): number {
    let count = Math.max(0, end - Math.max(first, this.#next));
    for (const number of this.#missing) if (number >= first && number < end) count += 1;
    return count;
  }

  #miss(number: number): void {
    this.#missing.add(number);
    if (this.#missing.size <= mostMissing) return;
    for (const oldest of this.#missing) {
      this.#missing.delete(oldest);
      return;
    }
  }
}
