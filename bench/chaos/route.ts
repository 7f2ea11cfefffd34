/** The most consecutive frames that a route may lose, or be behind, without an outage. */
const mostLost = 25;

/** The way of numbered frames from one station to another. Their numbers grow by one with each tick. */
export class Route {
  readonly name: string;
  #last = -1;
  #mark = 0;
  #openSince: number | undefined;

  /** `name` is for people. */
  constructor(name: string) {
    this.name = name;
  }

  /** The time at which the first frame arrived that was sent after the mark, and after the last outage since; undefined before. */
  get openSince(): number | undefined {
    return this.#openSince;
  }

  /** Sets the mark: the number of the next frame. */
  mark(number: number): void {
    this.#mark = number;
    this.#openSince = undefined;
  }

  /** Notes the arrival of a frame. */
  heard(number: number, now: number): void {
    const outage = number > this.#last + mostLost;
    if (number >= this.#mark && (this.#openSince === undefined || outage)) this.#openSince = now;
    this.#last = Math.max(this.#last, number);
  }

  /** Returns whether the latest frames have arrived, when `number` is the next one. */
  isOpen(number: number): boolean {
    return this.#openSince !== undefined && this.#last >= number - mostLost;
  }
}
