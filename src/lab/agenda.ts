/** Something that is to happen. Whoever has one may schedule it again and again, one time at once. */
export abstract class Happening {
  /** When, in milliseconds since the timeline began. */
  due = 0;
  /** Among those of one instant: the order in which they were scheduled. */
  order = 0;
  /** Where the timeline keeps it; -1 while it is not scheduled. */
  place = -1;
  /** Whether it belongs to whoever uses the lab, and not to the network: then it does not count. */
  readonly foreign: boolean = false;

  abstract happen(): void;
}

/** What is to happen, the next one first: a heap. Those of one instant come in the order in which they were scheduled. */
export class Agenda {
  readonly #heap: Happening[] = [];
  #order = 0;

  /** What happens next; undefined when nothing is to come. */
  get first(): Happening | undefined {
    return this.#heap[0];
  }

  /** Adds what is not there. */
  add(happening: Happening): void {
    happening.order = this.#order++;
    this.#rise(happening, this.#heap.length);
  }

  /** Takes it away. Nothing changes when it is not there. */
  remove(happening: Happening): void {
    const { place } = happening;
    if (place < 0) return;
    happening.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === happening) return;
    // The last one takes the place, and finds its own from there.
    this.#sink(last, place);
    this.#rise(last, last.place);
  }

  /** Takes all away. */
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
