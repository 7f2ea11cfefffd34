import { EtherloomError } from '../errors.ts';
import type { Link } from './link.ts';
import type { Node } from './plugs.ts';
import type { Vocabulary } from './words.ts';

/** The group of nodes without a group: all of them form one of their own. */
const outside = -1;

/**
 * Groups of nodes without links between them: every link between two groups is cut, even one that is added meanwhile. A node that is added
 * meanwhile joins the group of the first node to which it is linked.
 */
export class Partition implements Disposable {
  readonly #groups: Map<unknown, number>;
  readonly #silent: boolean;
  readonly #cuts: Disposable[] = [];

  /** Separates all nodes. With `silent`, all carriers stay. Throws EtherloomError('bad-option') if a node is in two groups. */
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
