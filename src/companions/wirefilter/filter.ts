import type { Clock } from '../../clock.ts';
import { ImpairedLine, type MostWaiting } from '../../impairment/impaired-line.ts';
import type { Amount, ImpairmentDrop, Quality, QualityWord } from '../../impairment/impairment.ts';
import { MarkovChain } from '../../impairment/markov-chain.ts';
import type { Random } from '../../random.ts';
import { ways, type Spread, type Value, type Way } from './value.ts';

/** The resources and callbacks of a filter. */
export interface FilterOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Runs the work of a timer as one breath. */
  readonly breath: (work: () => void) => void;
  /** Called with each frame that arrives. The frame is borrowed. */
  readonly deliver: (way: Way, frame: Uint8Array) => void;
  /** Called when the Markov node changes. */
  readonly changed?: (node: number, before: number) => void;
}

/** A state of a filter, with its values for frames. */
export interface Node {
  name: string;
  readonly amounts: Readonly<Record<Way, Map<QualityWord, Spread>>>;
}

/** The most nodes. */
export const maxNodes = 1024;

/** The limits of frames in transit in each direction: one second at 64 MiB/s. */
const most: MostWaiting = { frames: 65_536, octets: 64 * 2 ** 20 };

const nothing: Spread = { mean: 0, spread: 0, distribution: 'uniform' };

/** The wire between two sides, without I/O. It applies the values of the current node to frames, in both directions. */
export class Filter implements Disposable {
  /** The number of lost frames by direction and reason. */
  readonly lost: Readonly<Record<Way, Map<ImpairmentDrop, number>>> = { LR: new Map(), RL: new Map() };
  readonly #options: FilterOptions;
  readonly #lines: Readonly<Record<Way, ImpairedLine>>;
  readonly #chain: MarkovChain;
  readonly #nodes: Node[] = [newNode()];
  #fifo = true;
  #time = 100;

  constructor(options: FilterOptions) {
    this.#options = options;
    this.#lines = { LR: this.#newLine('LR'), RL: this.#newLine('RL') };
    this.#chain = new MarkovChain({
      clock: options.clock,
      random: options.random,
      changed: (node, before) => {
        this.#apply();
        options.changed?.(node, before);
      },
    });
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** The current node. */
  get current(): number {
    return this.#chain.node;
  }

  /** The interval at which the next node is drawn, in milliseconds. */
  get time(): number {
    return this.#time;
  }

  /** True if the frames of each direction keep their order. */
  get fifo(): boolean {
    return this.#fifo;
  }

  set fifo(fifo: boolean) {
    this.#fifo = fifo;
    this.#apply();
  }

  /** Returns the number of frames and octets in transit. */
  waiting(way: Way): { readonly frames: number; readonly octets: number } {
    const { held, octets } = this.#lines[way];
    return { frames: held, octets };
  }

  /**
   * Returns when the simulated sender of a direction finishes its current frames (clock time, possibly past). Callers should not submit
   * more before then.
   */
  busyUntil(way: Way): number {
    return this.#lines[way].busyUntil;
  }

  /** Submits a frame, which is borrowed. */
  submit(way: Way, frame: Uint8Array): void {
    const line = this.#lines[way];
    // Without settings and backlog, a frame passes at once and need not be copied.
    if (isPlain(line.quality) && line.held === 0) this.#options.deliver(way, frame);
    else line.take(frame.slice());
  }

  /** Sets a value. Returns false and has no effect if there is no such node or the value is out of range. */
  set(word: QualityWord, { ways: which, node, amount }: Value): boolean {
    const there = this.#nodes[node];
    if (!there || (word === 'dup' && amount.mean >= 100)) return false;
    for (const way of which) there.amounts[way].set(word, amount);
    this.#apply();
    return true;
  }

  /** Returns the value that is set; 0 if none is. */
  amount(word: QualityWord, way: Way, node: number): Spread {
    return this.#nodes[node]?.amounts[way].get(word) ?? nothing;
  }

  /** Adds nodes, or removes the last ones. Returns false and has no effect if the number is out of range. */
  resize(count: number): boolean {
    if (!(count >= 1 && count <= maxNodes)) return false;
    while (this.#nodes.length < count) this.#nodes.push(newNode());
    this.#nodes.length = count;
    this.#chain.cut(count);
    this.#run();
    return true;
  }

  /** Makes a node the current one. Returns false if there is no such node. */
  moveTo(node: number): boolean {
    if (!this.#nodes[node]) return false;
    this.#chain.moveTo(node);
    this.#apply();
    return true;
  }

  /**
   * Sets the probability that one node follows another. Returns false and has no effect if a node does not exist, or if the probabilities
   * of leaving the first node would exceed 100 %.
   */
  setEdge(from: number, to: number, percent: number): boolean {
    if (!this.#nodes[from] || !this.#nodes[to] || !(percent >= 0)) return false;
    // The probability of staying follows from the others.
    if (from === to) return true;
    if (percent > this.#chain.edge(from, from) + this.#chain.edge(from, to)) return false;
    this.#chain.setEdge(from, to, percent);
    return true;
  }

  /** Returns the probability that one node follows another, or itself, in percent. */
  edge(from: number, to: number): number {
    return this.#chain.edge(from, to);
  }

  /** Sets the interval at which the next node is drawn. Returns false and has no effect if it is out of range. */
  setTime(milliseconds: number): boolean {
    if (!(milliseconds > 0 && milliseconds < 2 ** 31)) return false;
    this.#time = milliseconds;
    this.#run();
    return true;
  }

  [Symbol.dispose](): void {
    this.#chain[Symbol.dispose]();
    for (const way of ways) this.#lines[way][Symbol.dispose]();
  }

  #newLine(way: Way): ImpairedLine {
    const { clock, random, breath, deliver } = this.#options;
    const lost = this.lost[way];
    return new ImpairedLine(
      {},
      {
        clock,
        random,
        breath,
        most,
        pass: (frame) => deliver(way, frame),
        dropped: (_frame, why) => void lost.set(why, (lost.get(why) ?? 0) + 1),
        replaced: () => undefined,
      },
    );
  }

  #run(): void {
    if (this.#nodes.length > 1) this.#chain.run(this.#time);
    else this.#chain[Symbol.dispose]();
    this.#apply();
  }

  #apply(): void {
    const node = this.#nodes[this.#chain.node];
    if (node) for (const way of ways) this.#lines[way].quality = { ...qualityOf(node.amounts[way]), ...(!this.#fifo && { fifo: false }) };
  }
}

function newNode(): Node {
  return { name: '', amounts: { LR: new Map(), RL: new Map() } };
}

function isPlain(quality: Quality): boolean {
  for (const word in quality) if (word !== 'fifo') return false;
  return true;
}

/** Converts the values to a quality. A value of 0 has no effect. */
function qualityOf(amounts: ReadonlyMap<QualityWord, Spread>): Quality {
  const quality: Partial<Record<QualityWord, Amount>> = {};
  for (const [word, amount] of amounts) {
    if (word === 'mtu') {
      // The frame size limit is not random.
      if (smallest(amount) > 0) quality.mtu = smallest(amount);
    } else if (amount.mean > 0 || amount.spread > 0) quality[word] = amount;
  }
  return quality;
}

/** Returns the lower bound of a uniformly distributed amount. */
export function smallest({ mean, spread }: Spread): number {
  return mean - spread;
}
