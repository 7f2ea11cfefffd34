import { batchSize, Drafts, Incoming } from '../load/batch.ts';
import { Plug } from '../load/plug.ts';
import { all, frameLength, type Numbered } from './station.ts';

/** The faults that can be planted, which the checker must find. */
export const plantKinds = ['loop', 'duplicate', 'reorder', 'gap'] as const;

/** A fault that is planted: a loop in the network, or frames of a station that are sent twice, in another order, or not at all for a while. */
export type PlantKind = (typeof plantKinds)[number];

/** One batch of so many is disturbed. */
const share = 50;

/** Of so many batches, a gap swallows so many: more than a second's worth. */
const [period, swallowed] = [800, 300];

/** The interval between two looks at what a planted loop is to carry, in milliseconds. */
const look = 5;

/** The most frames that a planted loop carries. */
const mostLooped = 300;

/** Returns what a station sends in place of its batch `n`, if this fault is planted there. */
export function disturbed(kind: PlantKind | undefined, n: number, batch: readonly Numbered[]): readonly Numbered[] {
  const [first, second, ...rest] = batch;
  if (!first || !second) return batch;
  if (kind === 'gap') return n % period < period - swallowed ? batch : [];
  if (n % share !== 0) return batch;
  if (kind === 'duplicate') return [first, first, second, ...rest];
  return kind === 'reorder' ? [second, first, ...rest] : batch;
}

/** A second way between two switches, which carries broadcasts in both directions: a loop. */
export class Loop implements Disposable {
  readonly #ends: readonly [Plug, Plug];
  readonly #incoming = new Incoming(1514);
  readonly #outgoing = new Drafts(frameLength);
  readonly #timer: NodeJS.Timeout;
  #looped = 0;

  /** `one` and `other` are the directories of the switches. */
  constructor(one: string, other: string) {
    this.#ends = [new Plug(one), new Plug(other)];
    this.#timer = setInterval(() => this.#look(), look);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const end of this.#ends) end[Symbol.dispose]();
  }

  #look(): void {
    const [one, other] = this.#ends;
    for (const end of this.#ends) end.plugIn(performance.now());
    this.#carry(one, other);
    this.#carry(other, one);
  }

  #carry(from: Plug, to: Plug): void {
    const { memory } = this.#incoming;
    for (let count = batchSize; count === batchSize;) {
      count = from.try((fd) => this.#incoming.receive(fd));
      for (let i = 0; i < count && this.#looped < mostLooped; i++) {
        const at = this.#incoming.at(i);
        if (memory.readUIntBE(at, 6) !== all || this.#incoming.lengthOf(i) !== frameLength) continue;
        this.#looped += 1;
        memory.copy(this.#outgoing.memory, 0, at, at + frameLength);
        to.try((fd) => this.#outgoing.send(fd, 0, 1));
      }
    }
  }
}
