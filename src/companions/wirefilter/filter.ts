import type { Clock } from '../../clock.ts';
import { ImpairedLine, type MostWaiting } from '../../impairment/impaired-line.ts';
import type { Amount, ImpairmentDrop, Quality, QualityWord } from '../../impairment/impairment.ts';
import { MarkovChain } from '../../impairment/markov-chain.ts';
import type { Random } from '../../random.ts';
import { ways, type Spread, type Value, type Way } from './value.ts';

/** What a filter is given. */
export interface FilterOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Runs what a timer does as one piece of work. */
  readonly breath: (work: () => void) => void;
  /** Takes a frame that came through; borrowed. */
  readonly deliver: (way: Way, frame: Uint8Array) => void;
  /** Is told that another Markov node rules. */
  readonly changed?: (node: number, before: number) => void;
}

/** One of the states of a filter, and what befalls frames in it. */
export interface Node {
  name: string;
  readonly amounts: Readonly<Record<Way, Map<QualityWord, Spread>>>;
}

/** How many nodes there may be. */
export const maxNodes = 1024;

/** What is kept each way at most: a second of 64 MiB. */
const most: MostWaiting = { frames: 65_536, octets: 64 * 2 ** 20 };

const nothing: Spread = { mean: 0, spread: 0, distribution: 'uniform' };

/** The wire between two sides: what befalls frames on it, both ways, by the values of the node that rules. It knows nothing of sockets. */
export class Filter implements Disposable {
  /** How many frames were lost here, by why. */
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
      ...{ clock: options.clock, random: options.random },
      changed: (node, before) => {
        this.#apply();
        options.changed?.(node, before);
      },
    });
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** The node that rules. */
  get current(): number {
    return this.#chain.node;
  }

  /** How often the next node is drawn, in milliseconds. */
  get time(): number {
    return this.#time;
  }

  /** Whether the frames of each way stay in their order. */
  get fifo(): boolean {
    return this.#fifo;
  }

  set fifo(fifo: boolean) {
    this.#fifo = fifo;
    this.#apply();
  }

  /** Frames and octets that are on their way. */
  waiting(way: Way): { readonly frames: number; readonly octets: number } {
    const { held, octets } = this.#lines[way];
    return { frames: held, octets };
  }

  /** Until when no more should be submitted that way, by the clock: its sender is busy. It may be over. */
  busyUntil(way: Way): number {
    return this.#lines[way].busyUntil;
  }

  /** Takes a frame; borrowed. */
  submit(way: Way, frame: Uint8Array): void {
    const line = this.#lines[way];
    // Where nothing is set and nothing waits, it is through at once: it need not be copied.
    if (isPlain(line.quality) && line.held === 0) this.#options.deliver(way, frame);
    else line.take(frame.slice());
  }

  /** Sets a value. Returns false, and does nothing, when there is no such node, or the value makes no sense. */
  set(word: QualityWord, { ways: which, node, amount }: Value): boolean {
    const there = this.#nodes[node];
    if (!there || (word === 'dup' && amount.mean >= 100)) return false;
    for (const way of which) there.amounts[way].set(word, amount);
    this.#apply();
    return true;
  }

  /** What is set; nothing where nothing was. */
  amount(word: QualityWord, way: Way, node: number): Spread {
    return this.#nodes[node]?.amounts[way].get(word) ?? nothing;
  }

  /** Makes nodes, or takes some out. Returns false, and does nothing, when so many cannot be. */
  resize(count: number): boolean {
    if (!(count >= 1 && count <= maxNodes)) return false;
    while (this.#nodes.length < count) this.#nodes.push(newNode());
    this.#nodes.length = count;
    this.#chain.cut(count);
    this.#run();
    return true;
  }

  /** Lets a node rule. Returns false when there is none of that number. */
  moveTo(node: number): boolean {
    if (!this.#nodes[node]) return false;
    this.#chain.moveTo(node);
    this.#apply();
    return true;
  }

  /** Returns false, and does nothing, unless there are those nodes, and what leaves the first is 100 % at most. */
  setEdge(from: number, to: number, percent: number): boolean {
    if (!this.#nodes[from] || !this.#nodes[to] || !(percent >= 0)) return false;
    // Whether it stays follows from the others.
    if (from === to) return true;
    if (percent > this.#chain.edge(from, from) + this.#chain.edge(from, to)) return false;
    this.#chain.setEdge(from, to, percent);
    return true;
  }

  /** In how many percent of the times one node follows another, or itself. */
  edge(from: number, to: number): number {
    return this.#chain.edge(from, to);
  }

  /** Returns false, and does nothing, when that is no time. */
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
        ...{ clock, random, breath, most },
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

/** What the values mean; one of 0 does nothing. */
function qualityOf(amounts: ReadonlyMap<QualityWord, Spread>): Quality {
  const quality: Partial<Record<QualityWord, Amount>> = {};
  for (const [word, amount] of amounts) {
    if (word === 'mtu') {
      // The longest frame is not by lot.
      if (smallest(amount) > 0) quality.mtu = smallest(amount);
    } else if (amount.mean > 0 || amount.spread > 0) quality[word] = amount;
  }
  return quality;
}

/** The least that an amount is, as it is drawn evenly. */
export function smallest({ mean, spread }: Spread): number {
  return mean - spread;
}
