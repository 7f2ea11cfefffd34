import { isThenable } from './timeline.ts';

/**
 * The things that a station has from one start to its end: timers, sockets, programs. They all end with it, and callbacks are no longer
 * called.
 */
export class Life {
  readonly #things = new Set<Disposable>();
  #alive = true;

  /** True until it ends. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Ends the thing with this life, unless it has ended before. */
  hold(thing: Disposable): void {
    this.#things.add(thing);
  }

  /** Forgets a thing that has ended by itself. */
  forget(thing: Disposable): void {
    this.#things.delete(thing);
  }

  /** Calls a program as long as this life lasts. A later rejection is ignored: a dead program does not fail. */
  call(program: () => unknown): unknown {
    if (!this.#alive) return undefined;
    const result = program();
    return isThenable(result) ? result.then(undefined, (error: unknown) => this.#fail(error)) : undefined;
  }

  /** Ends all things. */
  end(): void {
    this.#alive = false;
    for (const thing of this.#things) thing[Symbol.dispose]();
    this.#things.clear();
  }

  #fail(error: unknown): void {
    if (this.#alive) throw error;
  }
}
