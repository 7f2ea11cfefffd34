/** An event to come. Its owner may schedule it again and again, once at a time. */
export abstract class Happening {
  /** Its time, in milliseconds since the timeline began. */
  due = 0;
  /** The order in which those of one instant were scheduled. */
  order = 0;
  /** The timeline's index of it; -1 while it is not scheduled. */
  place = -1;
  /** True if it belongs to the user of the lab, and not to the network: then it does not count. */
  readonly foreign: boolean = false;

  abstract happen(): void;
}

/** The scheduled happenings, the next one first: a heap. Those of one instant come in the order in which they were scheduled. */
export class Agenda {
  readonly #heap: Happening[] = [];
  #order = 0;

  /** The next happening; undefined if there is none. */
  get first(): Happening | undefined {
    return this.#heap[0];
  }

  /** Adds a happening that is not scheduled. */
  add(happening: Happening): void {
    happening.order = this.#order++;
    this.#rise(happening, this.#heap.length);
  }

  /** Removes a happening. Has no effect if it is not scheduled. */
  remove(happening: Happening): void {
    const { place } = happening;
    if (place < 0) return;
    happening.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === happening) return;
    // The last one takes its place, and moves from there to where it belongs.
    this.#sink(last, place);
    this.#rise(last, last.place);
  }

  /** Removes all happenings. */
  clear(): void {
    for (const happening of this.#heap.splice(0)) happening.place = -1;
  }

  #rise(happening: Happening, from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, happening)) break;
      heap[at] = above;
      above.place = at;
      at = parent;
    }
    heap[at] = happening;
    happening.place = at;
  }

  #sink(happening: Happening, from: number): void {
    const heap = this.#heap;
    const { length } = heap;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      let below = heap[child];
      if (child >= length || below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, below)) {
        below = right;
        child++;
      }
      if (isBefore(happening, below)) break;
      heap[at] = below;
      below.place = at;
      at = child;
    }
    heap[at] = happening;
    happening.place = at;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
