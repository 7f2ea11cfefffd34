import type { Clock } from '../clock.ts';
import type { Feed } from '../feed.ts';
import type { GuestView, MasterView, MemberView, SlaveView, StarLinkView, StarPart } from '../management/parts/star.ts';
import { formatTcpAddress, type TcpAddress } from '../ports/tcp-address.ts';
import type { Members } from '../star/members.ts';
import type { Membership } from '../star/node/membership.ts';
import { formatIpv4, formatIpv4Network, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import { formatMac } from '../wire/mac.ts';
import type { NodeGuest } from './node-guest.ts';
import type { StarDoors } from './star-doors.ts';
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
  readonly members: Members;
  readonly doors: StarDoors;
}

/** The parts of a slave. */
export interface SlaveParts extends NodeParts {
  /** The master's addresses. */
  readonly master: TcpAddress;
  readonly control: TcpAddress;
  readonly membership: Membership;
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
    const { network, members, doors } = this.#parts;
    const { link, control } = doors;
    return {
      role: 'master',
      network: formatIpv4Network(network),
      link: link.address,
      control: control.address,
      members: members.size,
      joined: control.joined().size,
      joins: control.joins,
      refusals: control.refusals,
    };
  }

  members(): readonly MemberView[] {
    const { members, doors } = this.#parts;
    const connected = doors.control.joined();
    return members.list().map(({ id, mac, address }) => {
      const slave = connected.get(id);
      const joined = slave && { from: slave.from, seconds: this.secondsSince(slave.joinedAt) };
      return { id, mac: formatMac(mac), address: textOf(address), joined };
    });
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
    const { master, control, membership } = this.#parts;
    const { welcome, joinedAt, joins } = membership;
    return {
      role: 'slave',
      master: formatTcpAddress({ ...master, port: welcome?.linkPort ?? master.port }),
      control: formatTcpAddress(control),
      id: welcome?.id,
      mac: welcome && formatMac(welcome.mac),
      address: textOf(welcome?.address),
      network: welcome && formatIpv4Network(welcome.network),
      joined: joinedAt === undefined ? undefined : this.secondsSince(joinedAt),
      joins,
      link: this.links()[0],
    };
  }
}

function textOf(address: Ipv4Address | undefined): string | undefined {
  return address === undefined ? undefined : formatIpv4(address);
}
