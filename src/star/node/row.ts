/**
 * A few items in the order of coming: some hundreds at most, since removing one takes time in proportion. A Set holds the same, but a crowd that comes
 * and goes makes V8 replace its table again and again. Each table refers to its successor: once one of them is in the old space, all later ones
 * and their items are kept, until a full collection.
 */
export class Row<Item> {
  readonly #items: Item[] = [];

  /** The number of items. */
  get size(): number {
    return this.#items.length;
  }

  /** The item that came first; undefined if there is none. */
  get first(): Item | undefined {
    return this.#items[0];
  }

  /** Adds an item as the last one. Returns false if it is there already. */
  add(item: Item): boolean {
    if (this.#items.includes(item)) return false;
    this.#items.push(item);
    return true;
  }

  /** Removes an item. Returns false if it is not there. */
  remove(item: Item): boolean {
    const place = this.#items.indexOf(item);
    if (place < 0) return false;
    removeAt(this.#items, place);
    return true;
  }

  /** Removes all items. */
  clear(): void {
    this.#items.length = 0;
  }

  /** Calls `visit` with each item, in the order of coming. */
  forEach(visit: (item: Item) => void): void {
    this.#items.forEach(visit);
  }

  [Symbol.iterator](): IterableIterator<Item> {
    return this.#items.values();
  }
}

/** Removes the item at a place, and moves up those behind it. A splice would return an array, and `copyWithin` is slow on one. */
export function removeAt(items: unknown[], place: number): void {
  for (let i = place + 1; i < items.length; i++) items[i - 1] = items[i];
  items.pop();
}
