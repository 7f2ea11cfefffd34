import { EtherloomError } from '../errors.ts';
import type { Link } from './link.ts';
import type { Node } from './plugs.ts';

/** Groups of nodes that no link joins: every link between two of them is cut, also one that is made meanwhile. */
export class Partition implements Disposable {
  readonly #groups: readonly (readonly Node[])[];
  readonly #silent: boolean;
  readonly #cuts: Disposable[] = [];

  /** Throws EtherloomError('bad-option') when a node is in two groups. With `silent` nobody notices: all carriers stay. */
  constructor(groups: readonly (readonly Node[])[], silent: boolean) {
    const all = groups.flatMap((group) => [...new Set(group)]);
    const twice = all.find((node, at) => all.indexOf(node) !== at);
    if (twice) throw new EtherloomError('bad-option', `${twice.name} is in two groups of the partition; name each node once`);
    this.#groups = groups;
    this.#silent = silent;
  }

  /** Cuts the link if it is between two groups. Nodes that are in none are one of their own. */
  sever(link: Link): void {
    const [a, b] = link.ends;
    if (this.#groupOf(a.owner) !== this.#groupOf(b.owner)) this.#cuts.push(this.#silent ? link.silence() : link.cut());
  }

  [Symbol.dispose](): void {
    for (const cut of this.#cuts.splice(0)) cut[Symbol.dispose]();
  }

  #groupOf(owner: unknown): number {
    return this.#groups.findIndex((group) => group.some((one) => one === owner));
  }
}
