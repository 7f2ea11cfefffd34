import type { Timer } from '../clock.ts';
import type { NodeId } from './identity.ts';
import type { MasterContext } from './master-context.ts';
import type { NamedPeer } from './shortcut-messages.ts';

/** How long reports are collected until the pairs are compared, in milliseconds. */
const delay = 100;

/** A pair of members, the lower id first. */
export type Pair = readonly [NodeId, NodeId];

/** The pairs of members that have a shortcut. A pair counts if both report it, so that no member speaks for another. */
export class ShortcutPairs implements Disposable {
  readonly #context: MasterContext;
  readonly #reports: () => ReadonlyMap<NodeId, readonly NamedPeer[]>;
  readonly #watching: Disposable;
  #known: ReadonlyMap<string, Pair> = new Map();
  #timer: Timer | undefined;

  /** `reports` returns what each member reports, by its id. */
  constructor(context: MasterContext, reports: () => ReadonlyMap<NodeId, readonly NamedPeer[]>) {
    this.#context = context;
    this.#reports = reports;
    this.#watching = context.events.subscribe(({ type }) => {
      if (type === 'disconnected') this.look();
    });
  }

  /** Returns the pairs in the order of their ids. */
  list(): readonly Pair[] {
    const reports = this.#reports();
    const found: Pair[] = [];
    for (const [id, peers] of reports)
      for (const peer of peers) if (id < peer.id && reports.get(peer.id)?.some((one) => one.id === id) === true) found.push([id, peer.id]);
    return found.sort(([a, b], [c, d]) => a - c || b - d);
  }

  /** Looks for changes soon, and makes events of them. */
  look(): void {
    this.#timer ??= this.#context.environment.clock.after(delay, this.#compare);
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
  }

  readonly #compare = (): void => {
    this.#timer = undefined;
    const before = this.#known;
    this.#known = new Map(this.list().map((pair) => [pair.join(' '), pair]));
    for (const [name, pair] of before) if (!this.#known.has(name)) this.#tell('shortcut-closed', pair);
    for (const [name, pair] of this.#known) if (!before.has(name)) this.#tell('shortcut-opened', pair);
  };

  /** Members that are none any more are not named: their end is an event of its own. */
  #tell(type: 'shortcut-opened' | 'shortcut-closed', [id, otherId]: Pair): void {
    const { state } = this.#context.memory;
    const [member, peer] = [state.memberOf(id), state.memberOf(otherId)];
    if (member && peer) this.#context.events.emit({ type, id, name: member.name, key: member.key, peer: { id: otherId, name: peer.name } });
  }
}
