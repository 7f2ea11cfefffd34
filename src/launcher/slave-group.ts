import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import { Feed } from '../feed.ts';
import type { GroupEvent, GroupMemberView, GroupPart, GroupView } from '../management/parts/group.ts';
import { masterId } from '../star/identity.ts';
import type { ShortcutEvent } from '../star/shortcut-context.ts';
import type { SlaveEvent } from '../star/slave-event.ts';
import { ownVersion } from '../system/own-package.ts';
import type { GroupSlave } from './group-slave.ts';
import type { NodeGuest } from './node-guest.ts';
import type { SlaveShortcuts } from './slave-shortcuts.ts';
import type { StarLinks } from './star-links.ts';

/** The parts of a slave that its group is seen by. */
export interface SlaveGroupParts {
  readonly group: GroupSlave;
  readonly links: StarLinks;
  readonly guest: NodeGuest;
  readonly clock: Clock;
  /** Undefined for a slave that takes no shortcuts. */
  readonly shortcuts: SlaveShortcuts | undefined;
  /** Ends the slave, after it has left. */
  readonly end: () => void;
}

type Told = Pick<GroupEvent, 'kind' | 'address' | 'fingerprint' | 'peer' | 'reason'>;

/** A group as the operations of one of its slaves reach it: the slave knows its master and itself. */
export class SlaveGroup implements GroupPart, Disposable {
  readonly events = new Feed<GroupEvent>();
  readonly #parts: SlaveGroupParts;
  readonly #subscriptions: readonly Disposable[];

  constructor(parts: SlaveGroupParts) {
    this.#parts = parts;
    const tell = (told: Told): void => {
      const { welcome } = parts.group.engine;
      this.events.emit({ ...told, id: welcome?.id, name: welcome?.name });
    };
    this.#subscriptions = [
      parts.group.engine.events.subscribe((event) => {
        const told = eventOf(event);
        if (told) tell(told);
      }),
      ...(parts.shortcuts ? [parts.shortcuts.engine.events.subscribe((event) => tellShortcut(event, tell))] : []),
      parts.links.watchUplink((isUp) => tell({ kind: isUp ? 'linked' : 'unlinked' })),
    ];
  }

  show(): GroupView {
    const { engine, keys, linkTargets } = this.#parts.group;
    const { welcome, nextPins: pins } = engine;
    const pin = linkTargets[0]?.pin;
    const asked = pin === undefined ? [] : [{ pin, addresses: linkTargets.map(({ address }) => address) }];
    return {
      role: 'slave',
      group: welcome?.group,
      self: welcome?.id,
      fingerprint: keys?.current,
      term: welcome?.term,
      masters: welcome?.masters ?? asked,
      nextPin: pins.length === 0 ? undefined : { pins, disputed: pins.length > 1, missing: [] },
      shortcuts: this.#parts.shortcuts?.list(),
      counts: undefined,
    };
  }

  members(): readonly GroupMemberView[] {
    const { welcome } = this.#parts.group.engine;
    return welcome ? [this.#master(), this.#self(welcome.id, welcome.name ?? `slave-${welcome.id}`)] : [this.#master()];
  }

  memberAt(port: number): { readonly id: number } | undefined {
    const id = this.#parts.shortcuts?.memberAt(port);
    return id === undefined ? undefined : { id };
  }

  async leave(): Promise<void> {
    await this.#parts.group.engine.leave();
    this.#parts.end();
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  #master(): GroupMemberView {
    const { engine, master, linkTargets } = this.#parts.group;
    return {
      ...unknown,
      id: masterId,
      name: 'master',
      role: 'master',
      state: this.#state(),
      address: master,
      fingerprint: linkTargets[0]?.pin,
      version: engine.welcome?.software,
    };
  }

  #self(id: number, name: string): GroupMemberView {
    const { group, links, guest, clock } = this.#parts;
    const { joinedAt, roundTrip } = group.engine;
    const view = guest.view();
    return {
      ...unknown,
      id,
      name,
      role: 'slave',
      state: this.#state(),
      host: hostname(),
      fingerprint: group.keys?.current,
      joined: joinedAt === undefined ? undefined : Math.floor((clock.monotonic() - joinedAt) / 1000),
      version: ownVersion(),
      link: links.uplink(roundTrip),
      guest: view && { mac: view.mac, state: view.state, address: view.address },
      shortcuts: this.#parts.shortcuts?.list().map((one) => one.id),
    };
  }

  #state(): GroupMemberView['state'] {
    const { group, links } = this.#parts;
    if (group.engine.standing === 'waiting') return 'waiting';
    if (group.engine.joinedAt === undefined) return 'away';
    return links.list()[0]?.up === true ? 'linked' : 'joined';
  }
}

/** The fields of a member that a slave does not know. */
const unknown = {
  host: undefined,
  address: undefined,
  ephemeral: false,
  since: undefined,
  joined: undefined,
  token: undefined,
  version: undefined,
  link: undefined,
  guest: undefined,
  shortcuts: undefined,
  contenders: 0,
} as const;

function tellShortcut(event: ShortcutEvent, tell: (told: Told) => void): void {
  if (event.type === 'opened') tell({ kind: 'shortcut-opened', peer: { id: event.id } });
  else if (event.type === 'ended') tell({ kind: 'shortcut-closed', peer: { id: event.id }, reason: event.reason });
}

/** Returns the event of a membership for all faces; undefined if it is none of the group. */
function eventOf(event: SlaveEvent): Told | undefined {
  switch (event.type) {
    case 'joined':
      return { kind: 'joined', address: event.address };
    case 'lost':
      return { kind: 'lost', reason: event.reason };
    case 'refused':
      return { kind: event.code === 'copied' || event.code === 'alive' ? 'copied' : 'refused', reason: event.reason };
    case 'waiting':
      return { kind: 'waiting', reason: event.reason };
    case 'kicked':
      return { kind: 'kicked', reason: event.reason };
    case 'next-pin':
    case 'new-pin':
      return { kind: event.type, fingerprint: event.pin };
    case 'disputed':
      return { kind: 'disputed', reason: `it was told different new pins of its master, and takes none of them: ${event.pins.join(', ')}` };
    case 'suspect':
    case 'renamed':
    case 'ended':
    case 'left':
      return { kind: event.type };
    default:
      return undefined;
  }
}
