import { EtherloomError } from '../errors.ts';
import type { Link } from './link.ts';
import type { Node } from './plugs.ts';
import type { Vocabulary } from './words.ts';

/** Where nodes are that are in no group: all of them are one of their own. */
const outside = -1;

/**
 * Groups of nodes that no link joins: every link between two of them is cut, also one that is made meanwhile. A node that is added meanwhile is of the
 * group of the first one that it is linked to.
 */
export class Partition implements Disposable {
  readonly #groups: Map<unknown, number>;
  readonly #silent: boolean;
  readonly #cuts: Disposable[] = [];

  /** Parts all nodes. With `silent` nobody notices: all carriers stay. Throws EtherloomError('bad-option') when a node is in two groups. */
  constructor(groups: readonly (readonly Node[])[], nodes: readonly Node[], silent: boolean) {
    const named = groups.flatMap((group) => [...new Set(group)]);
    const twice = named.find((node, at) => named.indexOf(node) !== at);
    if (twice) throw new EtherloomError('bad-option', `${twice.name} is in two groups of the partition; name each node once`);
    this.#groups = new Map([
      ...nodes.map((node) => [node, outside] as const),
      ...groups.flatMap((group, at) => group.map((node) => [node, at] as const)),
    ]);
    this.#silent = silent;
  }

  /** Cuts the link if it is between two groups. */
  sever(link: Link): void {
    const [a, b] = link.ends;
    const [first, second] = [this.#groups.get(a.owner), this.#groups.get(b.owner)];
    if (first === second) return;
    if (first === undefined || second === undefined) this.#groups.set(first === undefined ? a.owner : b.owner, first ?? second ?? outside);
    else this.#cuts.push(this.#silent ? link.silence() : link.cut());
  }

  [Symbol.dispose](): void {
    for (const cut of this.#cuts.splice(0)) cut[Symbol.dispose]();
  }
}

/** The options of a partition. */
export const partitionWords = { silent: 'flag' } as const satisfies Vocabulary;
