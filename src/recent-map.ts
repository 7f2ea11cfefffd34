/**
 * A map that remembers the last key that was asked for: frames come in batches from one port to another, and comparing a key costs a tenth of a
 * look-up. It begins empty: entries cannot be passed to its constructor.
 */
export class RecentMap<Key, Value> extends Map<Key, Value> {
  #key: Key | undefined;
  #value: Value | undefined;

  override get(key: Key): Value | undefined {
    if (key === this.#key) return this.#value;
    this.#key = key;
    return (this.#value = super.get(key));
  }

  override set(key: Key, value: Value): this {
    this.#forget();
    return super.set(key, value);
  }

  override delete(key: Key): boolean {
    this.#forget();
    return super.delete(key);
  }

  override clear(): void {
    this.#forget();
    super.clear();
  }

  #forget(): void {
    this.#key = undefined;
    this.#value = undefined;
  }
}
