import type { Clock, Timer } from '../clock.ts';
import type { Random } from '../random.ts';
import { chance } from './impairment.ts';

/** What a chain of states is given. */
export interface MarkovChainOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Is told that it went on by itself. */
  readonly changed: (node: number, before: number) => void;
}

/** Several states and the ways between them, one of which is drawn again and again. It stands in the first, and rests, until it is run. */
export class MarkovChain implements Disposable {
  readonly #options: MarkovChainOptions;
  /** By the state that is left: to which others, and in how many percent of the times. */
  #edges = new Map<number, Map<number, number>>();
  #node = 0;
  #timer: Timer | undefined;

  constructor(options: MarkovChainOptions) {
    this.#options = options;
  }

  /** Where it stands. */
  get node(): number {
    return this.#node;
  }

  /** Puts it there; nobody is told. */
  moveTo(node: number): void {
    this.#node = node;
  }

  /** In how many percent of the times it goes from there to another state; 0 takes the way out. */
  setEdge(from: number, to: number, percent: number): void {
    const edges = this.#edges.get(from) ?? new Map<number, number>();
    if (percent === 0) edges.delete(to);
    else edges.set(to, percent);
    this.#edges.set(from, edges);
  }

  /** In how many percent of the times it goes from there to that one; for the same, it stays. */
  edge(from: number, to: number): number {
    const edges = this.#edges.get(from) ?? new Map<number, number>();
    if (from !== to) return edges.get(to) ?? 0;
    let rest = 100;
    for (const percent of edges.values()) rest -= percent;
    return rest;
  }

  /** Forgets the ways of all states from that number on; where it stood in one of those, it stands in the first. */
  cut(size: number): void {
    this.#edges = new Map([...this.#edges].filter(([from]) => from < size));
    for (const edges of this.#edges.values()) for (const to of edges.keys()) if (to >= size) edges.delete(to);
    if (this.#node >= size) this.#node = 0;
  }

  /** From now on a way is drawn every `time` milliseconds. */
  run(time: number): void {
    this[Symbol.dispose]();
    this.#timer = this.#options.clock.after(time, () => {
      this.run(time);
      this.#draw();
    });
  }

  /** It rests. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #draw(): void {
    let lot = chance(this.#options.random) * 100;
    const before = this.#node;
    for (const [to, percent] of this.#edges.get(before) ?? []) {
      lot -= percent;
      if (lot >= 0) continue;
      this.#node = to;
      this.#options.changed(to, before);
      return;
    }
  }
}
