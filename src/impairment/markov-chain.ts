import type { Clock, Timer } from '../clock.ts';
import type { Random } from '../random.ts';
import { chance } from './impairment.ts';

/** The options of a chain. */
export interface MarkovChainOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Called after each transition that was drawn. */
  readonly changed: (node: number, before: number) => void;
}

/** Several states, and random transitions between them. The chain starts in the first state, and stays there until `run` is called. */
export class MarkovChain implements Disposable {
  readonly #options: MarkovChainOptions;
  /** For each state, the probabilities of transitions to other states, in percent. */
  #edges = new Map<number, Map<number, number>>();
  #node = 0;
  #timer: Timer | undefined;

  constructor(options: MarkovChainOptions) {
    this.#options = options;
  }

  /** The current state. */
  get node(): number {
    return this.#node;
  }

  /** Moves to a state, without a callback. */
  moveTo(node: number): void {
    this.#node = node;
  }

  /** Sets the probability of a transition, in percent; 0 removes it. */
  setEdge(from: number, to: number, percent: number): void {
    const edges = this.#edges.get(from) ?? new Map<number, number>();
    if (percent === 0) edges.delete(to);
    else edges.set(to, percent);
    this.#edges.set(from, edges);
  }

  /** Returns the probability of a transition, in percent; from a state to itself, the probability of staying. */
  edge(from: number, to: number): number {
    const edges = this.#edges.get(from) ?? new Map<number, number>();
    if (from !== to) return edges.get(to) ?? 0;
    let rest = 100;
    for (const percent of edges.values()) rest -= percent;
    return rest;
  }

  /** Removes the states numbered `size` and above. If the current state is one of them, the first one becomes current. */
  cut(size: number): void {
    this.#edges = new Map([...this.#edges].filter(([from]) => from < size));
    for (const edges of this.#edges.values()) for (const to of edges.keys()) if (to >= size) edges.delete(to);
    if (this.#node >= size) this.#node = 0;
  }

  /** Draws a transition every `time` milliseconds from now on. */
  run(time: number): void {
    this[Symbol.dispose]();
    this.#timer = this.#options.clock.after(time, () => {
      this.run(time);
      this.#draw();
    });
  }

  /** Stops the transitions. */
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
