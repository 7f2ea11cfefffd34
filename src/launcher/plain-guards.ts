import type { Feed } from '../feed.ts';
import type { StreamPort } from '../ports/stream/stream-port.ts';
import type { MemberKey } from '../star/group-change.ts';
import type { GroupEvent } from '../star/group-event.ts';
import type { NodeId } from '../star/identity.ts';
import { hostOf } from '../star/master-context.ts';
import type { MemberView } from '../star/member-view.ts';
import type { PlainLinkChange } from '../star/node/incoming-links.ts';

/** The parts of a master whose plain links are guarded. */
export interface PlainGuardsParts {
  readonly engine: {
    readonly events: Feed<GroupEvent>;
    members(): readonly Pick<MemberView, 'id' | 'plain' | 'from'>[];
    member(key: MemberKey): { readonly plain?: true | undefined } | undefined;
  };
  /** The plain links whose far ends have greeted, as they come and end. */
  readonly changes: Feed<PlainLinkChange>;
  /** Holds a link to the rules for members, of which it may belong to any. */
  readonly guard: (port: StreamPort, ids: readonly NodeId[]) => void;
}

/** The plain members and links of one host. */
interface Host {
  readonly ids: Set<NodeId>;
  readonly ports: Set<StreamPort>;
}

/**
 * Guards the links of plain members. A link proves nothing: one with a port of its own belongs to the member of that, another one to the plain members
 * of its host. One from a host without plain members is not guarded, and nor is one whose far end does not greet, as an original does not.
 */
export class PlainGuards implements Disposable {
  readonly #parts: PlainGuardsParts;
  readonly #hosts = new Map<string, Host>();
  readonly #subscriptions: readonly Disposable[];

  constructor(parts: PlainGuardsParts) {
    this.#parts = parts;
    const { engine, changes } = parts;
    for (const { id, plain, from } of engine.members()) if (plain && from !== undefined) this.#host(from).ids.add(id);
    this.#subscriptions = [
      engine.events.subscribe((event) => {
        if (event.type === 'joined' && engine.member(event.key)?.plain) this.#joined(event.id, hostOf(event.from));
        else if (event.type === 'kicked' || event.type === 'left' || event.type === 'forgotten') this.#withdraw(event.id);
      }),
      changes.subscribe((change) => {
        if (change.linked) this.#linked(change);
        else this.#ended(change);
      }),
    ];
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  #joined(id: NodeId, name: string): void {
    const host = this.#host(name);
    if (host.ids.has(id)) return;
    this.#withdraw(id);
    host.ids.add(id);
    for (const port of host.ports) this.#parts.guard(port, [...host.ids]);
  }

  #linked({ port, from, id }: PlainLinkChange): void {
    if (id !== undefined) {
      this.#parts.guard(port, [id]);
      return;
    }
    const host = this.#host(hostOf(from));
    host.ports.add(port);
    if (host.ids.size > 0) this.#parts.guard(port, [...host.ids]);
  }

  #ended({ port, from }: PlainLinkChange): void {
    const name = hostOf(from);
    const host = this.#hosts.get(name);
    host?.ports.delete(port);
    if (host) this.#forgetIfEmpty(name, host);
  }

  /** Forgets the host of a member that has gone, or has another one now. */
  #withdraw(id: NodeId): void {
    for (const [name, host] of this.#hosts) if (host.ids.delete(id)) this.#forgetIfEmpty(name, host);
  }

  #forgetIfEmpty(name: string, host: Host): void {
    if (host.ports.size === 0 && host.ids.size === 0) this.#hosts.delete(name);
  }

  #host(name: string): Host {
    const known = this.#hosts.get(name) ?? { ids: new Set(), ports: new Set() };
    this.#hosts.set(name, known);
    return known;
  }
}
