/**
 * A binary heap of items by the time of their end. Every item knows its place, so that it can be moved or removed: no stale entries remain.
 */

/** An item that has an end. */
export interface Expiring {
  /** Milliseconds of the monotonic clock; Infinity for never. */
  expires: number;
  /** The item's place in the heap; -1 while it is not queued. Written by the queue only. */
  place: number;
}

/** Items by the time of their end. All operations take at most logarithmic time. */
export class ExpiryQueue<Item extends Expiring> {
  readonly #heap: Item[] = [];

  /** The number of queued items. */
  get size(): number {
    return this.#heap.length;
  }

  /** Returns the item that ends next, or undefined if the queue is empty. */
  first(): Item | undefined {
    return this.#heap[0];
  }

  /** Queues the item, or moves it after its `expires` changed. An item that never ends is not queued. */
  put(item: Item): void {
    if (item.expires === Infinity) {
      this.remove(item);
      return;
    }
    if (item.place === -1) {
      item.place = this.#heap.length;
      this.#heap.push(item);
    }
    this.#rise(item);
    this.#sink(item);
  }

  /** Removes the item. Has no effect if it is not queued. */
  remove(item: Item): void {
    const { place } = item;
    if (place === -1) return;
    item.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === item) return;
    this.#set(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(item: Item): void {
    for (;;) {
      const parent = this.#heap[(item.place - 1) >> 1];
      if (parent === undefined || parent.expires <= item.expires) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: Item): void {
    for (;;) {
      const left = this.#heap[2 * item.place + 1];
      const right = this.#heap[2 * item.place + 2];
      const sooner = right !== undefined && left !== undefined && right.expires < left.expires ? right : left;
      if (sooner === undefined || item.expires <= sooner.expires) return;
      this.#swap(item, sooner);
    }
  }

  #swap(a: Item, b: Item): void {
    const { place } = a;
    this.#set(a, b.place);
    this.#set(b, place);
  }

  #set(item: Item, place: number): void {
    this.#heap[place] = item;
    item.place = place;
  }
}
