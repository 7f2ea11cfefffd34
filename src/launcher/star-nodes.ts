import type { Clock } from '../clock.ts';
import type { Feed } from '../feed.ts';
import type { GuestView, MasterView, MemberView, SlaveView, StarLinkView, StarPart } from '../management/parts/star.ts';
import { formatTcpAddress } from '../ports/tcp-address.ts';
import type { AddressPlan } from '../star/address-plan.ts';
import { macOfId } from '../star/identity.ts';
import { formatIpv4, formatIpv4Network, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import { formatMac } from '../wire/mac.ts';
import { parsePlace } from '../star/line.ts';
import type { GroupMaster } from './group-master.ts';
import type { GroupSlave } from './group-slave.ts';
import type { NodeGuest } from './node-guest.ts';
import type { SlaveShortcuts } from './slave-shortcuts.ts';
import type { StarLinks } from './star-links.ts';

/** The parts of each node. */
interface NodeParts {
  readonly links: StarLinks;
  readonly guest: NodeGuest;
  readonly clock: Clock;
}

/** The parts of a master. */
export interface MasterParts extends NodeParts {
  readonly network: Ipv4Network;
  readonly plan: AddressPlan;
  readonly group: GroupMaster;
}

/** The parts of a slave. */
export interface SlaveParts extends NodeParts {
  readonly group: GroupSlave;
  /** Undefined for a slave that takes no shortcuts. */
  readonly shortcuts: SlaveShortcuts | undefined;
}

/** A node of a star, as seen by operations. */
abstract class StarNode implements StarPart {
  readonly #links: StarLinks;
  readonly #guest: NodeGuest;
  readonly #clock: Clock;

  constructor({ links, guest, clock }: NodeParts) {
    this.#links = links;
    this.#guest = guest;
    this.#clock = clock;
  }

  abstract show(): MasterView | SlaveView;

  get guestChanges(): Feed<GuestView> {
    return this.#guest.changes;
  }

  links(): readonly StarLinkView[] {
    return this.#links.list();
  }

  guest(): GuestView | undefined {
    return this.#guest.view();
  }

  endGuest(): boolean {
    return this.#guest.beginEnd();
  }

  restartGuest(): boolean {
    return this.#guest.beginRestart();
  }

  protected secondsSince(time: number): number {
    return Math.floor((this.#clock.monotonic() - time) / 1000);
  }
}

/** A master, as seen by operations. */
export class MasterNode extends StarNode {
  readonly #parts: MasterParts;

  constructor(parts: MasterParts) {
    super(parts);
    this.#parts = parts;
  }

  show(): MasterView {
    const { network, group } = this.#parts;
    const { engine, door, control, counts } = group;
    return {
      role: 'master',
      network: formatIpv4Network(network),
      link: door.address,
      control,
      members: engine.size,
      joined: engine.joined,
      joins: counts.joins,
      refusals: counts.refusals,
      shortcuts: engine.shortcuts().length,
    };
  }

  members(): readonly MemberView[] {
    const { group, plan } = this.#parts;
    return group.engine.members().map(({ id, connected }) => ({
      id,
      mac: formatMac(macOfId(id)),
      address: textOf(plan.addressOf(id)),
      joined: connected && { from: connected.from, seconds: Math.floor(connected.since / 1000) },
    }));
  }
}

/** A slave, as seen by operations, even while it waits for its master. */
export class SlaveNode extends StarNode {
  readonly #parts: SlaveParts;

  constructor(parts: SlaveParts) {
    super(parts);
    this.#parts = parts;
  }

  show(): SlaveView {
    const { group, shortcuts } = this.#parts;
    const { master, control, engine, joins } = group;
    const { welcome, joinedAt } = engine;
    const place = parsePlace(master);
    return {
      role: 'slave',
      master: typeof place === 'string' ? master : formatTcpAddress(place),
      control,
      id: welcome?.id,
      mac: welcome && formatMac(welcome.mac),
      address: textOf(welcome?.address),
      network: welcome && formatIpv4Network(welcome.network),
      joined: joinedAt === undefined ? undefined : this.secondsSince(joinedAt),
      joins,
      link: this.links()[0],
      shortcuts: shortcuts?.list().length ?? 0,
    };
  }
}

function textOf(address: Ipv4Address | undefined): string | undefined {
  return address === undefined ? undefined : formatIpv4(address);
}
