import { assert } from '../errors.ts';
import { Feed } from '../feed.ts';
import { sound, type PortCondition } from '../impairment/condition.ts';
import { mayShare, uidOf, type Peer } from '../ports/pure/peer.ts';
import type { Denial, PortWish } from '../ports/pure/port.ts';
import { RecentMap } from '../recent-map.ts';
import { strangersPolicy, type PortNumber, type Switch, type SwitchPortCounters } from '../switch/switch.ts';
import { sumOfDrops } from './drop-sums.ts';

/** An endpoint at a port. Several may share one port. */
export interface Endpoint {
  /** Its number among all endpoints that ever existed. */
  readonly id: number;
  /** Its peer. */
  readonly peer: Peer;
  /** The kind of driver, and the other side, for people. */
  readonly module: string;
  readonly description: string;
  /** The frames that did not cross it, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** The MTU, in octets: see Port. Undefined if only the longest frame limits it. */
  readonly mtu?: number | undefined;
  /** Ends the endpoint. */
  close(): void;
}

/** A change of a port or an endpoint. `up` and `down`: the port got its carrier, or lost it while it has endpoints. */
export type PortChange =
  | { readonly kind: 'created' | 'emptied' | 'removed' | 'conditioned' | 'up' | 'down'; readonly port: PortNumber }
  | { readonly kind: 'joined' | 'left'; readonly port: PortNumber; readonly endpoint: Endpoint };

/** The reason why ports were left unchanged. */
export type PortRefusal =
  | 'out-of-range' // the switch has no such number
  | 'exists' // the port exists already
  | 'no-port' // the port does not exist
  | 'in-use' // the port has endpoints, or one beyond the new number exists
  | 'full'; // all numbers are taken

/** A managed port. Without endpoints it stays, with its VLANs and its users. */
export interface ManagedPort<One extends Endpoint = Endpoint> {
  readonly number: PortNumber;
  /** The endpoints, the newest last. */
  readonly endpoints: readonly One[];
  /** True if it was created by a command. Otherwise its first endpoint created it. */
  readonly created: boolean;
  /** True if clients that name no port may get it. */
  allocatable: boolean;
  /** The user and the group that may use it, besides root; undefined for all. */
  user: number | undefined;
  group: number | undefined;
  /** The condition of the port. Changed by `setCondition`. */
  readonly condition: PortCondition;
  /** True if it is guarded against hostile stations, as a setting of the port. Changed by `setGuard`. */
  readonly guarded: boolean;
}

/** The settings of a port table. */
export interface PortTableOptions {
  readonly numports: number;
  /** Returns true if a user is in a group. Default: always false. */
  readonly isMember?: ((uid: number, gid: number) => boolean) | undefined;
  /** True if new ports pass all VLANs with their tags. Default: false. */
  readonly trunk?: boolean | undefined;
  /** Returns true if a new port of that number is guarded against hostile stations. Default: always false. */
  readonly guards?: ((port: PortNumber) => boolean) | undefined;
}

interface Kept<One extends Endpoint> extends ManagedPort<One> {
  endpoints: One[];
  condition: PortCondition;
  guarded: boolean;
  /** The guard; undefined without one. */
  guard: Disposable | undefined;
  /** The drops of endpoints that have left. */
  leftDrops: Readonly<Record<string, number>>;
  /** The counters at the last reset. */
  base: Counts;
}

type Counts = Pick<SwitchPortCounters, 'receivedFrames' | 'receivedOctets' | 'sentFrames' | 'sentOctets'>;

const managementPort: PortNumber = 0;

/** The most ports of a switch. */
export const mostPorts = 65_536;

/** The most endpoints of one port. */
const maxEndpoints = 64;

/** The ports of a switch, with their endpoints and the users who may use them. */
export class PortTable<One extends Endpoint> {
  /** The changes of ports and endpoints. */
  readonly changes = new Feed<PortChange>();
  readonly #switch: Switch;
  readonly #isMember: (uid: number, gid: number) => boolean;
  /** True if new ports pass all VLANs with their tags. */
  readonly trunk: boolean;
  /** Returns true if a new port of that number is guarded. */
  readonly guards: (port: PortNumber) => boolean;
  readonly #ports = new RecentMap<PortNumber, Kept<One>>();
  #numports: number;

  constructor(owner: Switch, { numports, isMember = () => false, trunk = false, guards = () => false }: PortTableOptions) {
    this.#switch = owner;
    this.#numports = numports;
    this.#isMember = isMember;
    this.trunk = trunk;
    this.guards = guards;
  }

  /** The number of ports, including 0, the management port. */
  get numports(): number {
    return this.#numports;
  }

  /** Changes the number of ports. It must stay above every existing port. */
  setNumports(numports: number): PortRefusal | undefined {
    if (!(numports >= 1 && numports <= mostPorts)) return 'out-of-range';
    if ([...this.#ports.keys()].some((number) => number >= numports)) return 'in-use';
    this.#numports = numports;
    return undefined;
  }

  get(number: PortNumber): ManagedPort<One> | undefined {
    return this.#ports.get(number);
  }

  /** Returns the endpoints of a port; undefined if it does not exist. */
  at(number: PortNumber): readonly One[] | undefined {
    return this.#ports.get(number)?.endpoints;
  }

  /** Returns the ports in the order of their numbers. */
  list(): ManagedPort<One>[] {
    return [...this.#ports.values()].sort((a, b) => a.number - b.number);
  }

  /** Yields the endpoints of all ports. */
  *endpoints(): Generator<One> {
    for (const { endpoints } of this.#ports.values()) yield* endpoints;
  }

  /** Chooses a port: see Acceptor. If any port will do, ports of other users are passed over. */
  choose(wish: PortWish, peer: Peer): PortNumber | Denial {
    if (wish === 'any') return this.#chooseAny(peer);
    const number = wish === 'management' ? managementPort : wish;
    if (number >= this.#numports) return this.#deny('no-such-port');
    const port = this.#ports.get(number);
    if (port === undefined) return number;
    if (!this.#mayUse(port, peer)) return this.#deny('reserved');
    // Users must not receive each other's frames.
    if (port.endpoints.some((endpoint) => !mayShare(endpoint.peer, peer))) return this.#deny('other-user');
    return port.endpoints.length < maxEndpoints ? number : this.#deny('crowded');
  }

  /** Adds an endpoint to a port, which is created if it does not exist. */
  join(number: PortNumber, endpoint: One): void {
    const port = this.#ports.get(number) ?? this.#add(number, { created: false });
    port.endpoints.push(endpoint);
    this.changes.emit({ kind: 'joined', port: number, endpoint });
  }

  /** Removes an endpoint. The port stays; it loses its carrier with its last endpoint. */
  leave(number: PortNumber, endpoint: One): void {
    const port = this.#ports.get(number);
    if (port?.endpoints.includes(endpoint) !== true) return;
    port.endpoints = port.endpoints.filter((other) => other !== endpoint);
    port.leftDrops = sumOfDrops(port.leftDrops, endpoint.drops);
    this.changes.emit({ kind: 'left', port: number, endpoint });
    if (port.endpoints.length > 0) return;
    this.changes.emit({ kind: 'emptied', port: number });
    this.#switch.setCarrier(number, false);
  }

  /** Creates a port for clients that name it. */
  create(number: PortNumber): PortRefusal | undefined {
    if (!(number >= 0 && number < this.#numports)) return 'out-of-range';
    if (this.#ports.has(number)) return 'exists';
    this.#add(number, { created: true });
    return undefined;
  }

  /** Creates the port with the lowest free number, and returns that; undefined if no number is free. */
  createLowest(): PortNumber | undefined {
    const number = this.#lowest((port) => port === undefined);
    if (number !== undefined) this.#add(number, { created: true });
    return number;
  }

  /** Removes a port without endpoints, with all its settings. */
  remove(number: PortNumber): PortRefusal | undefined {
    if (!(number >= 0 && number < this.#numports)) return 'out-of-range';
    const port = this.#ports.get(number);
    if (!port) return 'no-port';
    if (port.endpoints.length > 0) return 'in-use';
    this.#ports.delete(number);
    this.#switch.removePort(number);
    this.changes.emit({ kind: 'removed', port: number });
    return undefined;
  }

  /** Changes the condition of a port, for present and later endpoints. The data plane applies it. */
  setCondition(number: PortNumber, change: Partial<PortCondition>): PortRefusal | undefined {
    if (!(number >= 0 && number < this.#numports)) return 'out-of-range';
    const port = this.#ports.get(number);
    if (!port) return 'no-port';
    const condition = { ...port.condition, ...change };
    if (condition.up === port.condition.up && condition.impairment === port.condition.impairment) return undefined;
    port.condition = condition;
    this.changes.emit({ kind: 'conditioned', port: number });
    return undefined;
  }

  /** Guards a port that exists against hostile stations, or ends that. */
  setGuard(number: PortNumber, guarded: boolean): void {
    const port = this.#ports.get(number);
    if (!port || port.guarded === guarded) return;
    port.guard?.[Symbol.dispose]();
    port.guard = guarded ? this.#switch.guard(number, strangersPolicy) : undefined;
    port.guarded = guarded;
  }

  /** Returns the frames that did not cross the endpoints of a port, those that have left included, by reason and without zeros. */
  endpointDrops(number: PortNumber): Readonly<Record<string, number>> {
    const port = this.#ports.get(number);
    return sumOfDrops(port?.leftDrops ?? {}, ...(port?.endpoints.map(({ drops }) => drops) ?? []));
  }

  /** Returns the counters since the last reset. */
  counts(number: PortNumber): Counts {
    const port = this.#ports.get(number);
    const now = this.#switch.port(number)?.counters;
    assert(port && now, `port ${number} is there`);
    return {
      receivedFrames: now.receivedFrames - port.base.receivedFrames,
      receivedOctets: now.receivedOctets - port.base.receivedOctets,
      sentFrames: now.sentFrames - port.base.sentFrames,
      sentOctets: now.sentOctets - port.base.sentOctets,
    };
  }

  /** Resets the counters. */
  resetCounts(number: PortNumber): void {
    const port = this.#ports.get(number);
    const counters = this.#switch.port(number)?.counters;
    if (port && counters) port.base = { ...counters };
  }

  #add(number: PortNumber, { created }: { readonly created: boolean }): Kept<One> {
    const base = { receivedFrames: 0, receivedOctets: 0, sentFrames: 0, sentOctets: 0 };
    const access = { allocatable: !created, user: undefined, group: undefined };
    const port: Kept<One> = {
      number,
      created,
      ...access,
      condition: sound,
      guarded: false,
      guard: undefined,
      endpoints: [],
      leftDrops: {},
      base,
    };
    this.#ports.set(number, port);
    this.#switch.addPort(number, { up: false, trunk: this.trunk });
    this.setGuard(number, this.guards(number));
    this.changes.emit({ kind: 'created', port: number });
    return port;
  }

  #lowest(fits: (port: Kept<One> | undefined) => boolean): PortNumber | undefined {
    for (let number = managementPort + 1; number < this.#numports; number++) if (fits(this.#ports.get(number))) return number;
    return undefined;
  }

  #chooseAny(peer: Peer): PortNumber | Denial {
    const free = this.#lowest((port) => port === undefined || (port.allocatable && this.#isFreeFor(port, peer)));
    if (free !== undefined) return free;
    return this.#deny(this.#lowest((port) => port?.endpoints.length === 0) === undefined ? 'all-in-use' : 'none-open');
  }

  #deny(reason: Denial['reason']): Denial {
    return { reason, ports: this.#numports - 1 };
  }

  #isFreeFor(port: Kept<One>, peer: Peer): boolean {
    return port.endpoints.length === 0 && this.#mayUse(port, peer);
  }

  #mayUse({ user, group }: Kept<One>, peer: Peer): boolean {
    if (user === undefined && group === undefined) return true;
    const uid = uidOf(peer);
    if (uid === undefined) return false;
    return uid === 0 || uid === user || (group !== undefined && this.#isMember(uid, group));
  }
}
