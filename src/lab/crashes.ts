/** The crashes of a node: it is down until the last of them is over. */
export class Crashes {
  readonly #open = new Set<object>();
  readonly #stop: () => void;
  readonly #restart: () => void;

  /** `stop` is called when the first crash begins, `restart` when the last one is over. */
  constructor(stop: () => void, restart: () => void) {
    this.#stop = stop;
    this.#restart = restart;
  }

  /** True if the node is down. */
  get any(): boolean {
    return this.#open.size > 0;
  }

  /** Begins a crash. */
  begin(): Disposable {
    const crash = {};
    const isFirst = !this.any;
    this.#open.add(crash);
    if (isFirst) this.#stop();
    return {
      [Symbol.dispose]: () => {
        if (this.#open.delete(crash) && !this.any) this.#restart();
      },
    };
  }
}
