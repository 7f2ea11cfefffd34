import { isThenable } from './timeline.ts';

/** What a station has from one start to its end: timers, sockets, programs. With it they all end, and nobody is called back any more. */
export class Life {
  readonly #things = new Set<Disposable>();
  #alive = true;

  /** Whether it goes on. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Ends that with this life, unless it has ended before. */
  hold(thing: Disposable): void {
    this.#things.add(thing);
  }

  /** Has ended by itself. */
  forget(thing: Disposable): void {
    this.#things.delete(thing);
  }

  /** Calls a program as long as this goes on. What it rejects with afterwards is told to nobody: whoever is dead does not fail. */
  call(program: () => unknown): unknown {
    if (!this.#alive) return undefined;
    const result = program();
    return isThenable(result) ? result.then(undefined, (error: unknown) => this.#fail(error)) : undefined;
  }

  /** Ends all. */
  end(): void {
    this.#alive = false;
    for (const thing of this.#things) thing[Symbol.dispose]();
    this.#things.clear();
  }

  #fail(error: unknown): void {
    if (this.#alive) throw error;
  }
}
