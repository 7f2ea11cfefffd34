import { assert } from '../errors.ts';
import { Feed } from '../feed.ts';
import { sound, type PortCondition } from '../impairment/condition.ts';
import { mayShare, uidOf, type Peer } from '../ports/peer.ts';
import type { Denial, PortWish } from '../ports/port.ts';
import type { PortNumber, Switch, SwitchPortCounters } from '../switch/switch.ts';

/** Somebody at a port. Several may share one. */
export interface Endpoint {
  /** Its number among all that there ever were. */
  readonly id: number;
  /** Who is at it. */
  readonly peer: Peer;
  /** The kind of driver, and who is on the other side, for people. */
  readonly module: string;
  readonly description: string;
  /** Frames that did not cross it, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Ends it. */
  close(): void;
}

/** What is told of ports. */
export type PortChange =
  | { readonly kind: 'created' | 'emptied' | 'removed' | 'conditioned'; readonly port: PortNumber }
  | { readonly kind: 'joined' | 'left'; readonly port: PortNumber; readonly endpoint: Endpoint };

/** Why ports were left as they are. */
export type PortRefusal =
  | 'out-of-range' // the switch has no such number
  | 'exists' // the port is there already
  | 'no-port' // the port is not there
  | 'in-use' // somebody is at the port, or at one beyond the new number
  | 'full'; // no number is free

/** A port as it is managed. It stays when nobody is at it, with its VLANs and its users. */
export interface ManagedPort<One extends Endpoint = Endpoint> {
  readonly number: PortNumber;
  /** The newest last. */
  readonly endpoints: readonly One[];
  /** Whether it was created as such. Else it came with its first endpoint. */
  readonly created: boolean;
  /** Whether clients that name no port may be given it. */
  allocatable: boolean;
  /** Who may be at it, beside root; undefined for everybody. */
  user: number | undefined;
  group: number | undefined;
  /** How it carries frames. Changed by `setCondition`. */
  readonly condition: PortCondition;
}

/** What ports are given by their switch. */
export interface PortTableOptions {
  readonly numports: number;
  /** Whether a user is in a group. Default: nobody is. */
  readonly isMember?: ((uid: number, gid: number) => boolean) | undefined;
  /** Whether new ports let all VLANs pass with their tags. Default: false. */
  readonly trunk?: boolean | undefined;
}

interface Kept<One extends Endpoint> extends ManagedPort<One> {
  endpoints: One[];
  condition: PortCondition;
  /** The counters when they were last reset. */
  base: Counts;
}

type Counts = Pick<SwitchPortCounters, 'receivedFrames' | 'receivedOctets' | 'sentFrames' | 'sentOctets'>;

const managementPort: PortNumber = 0;

/** No switch has more ports. */
export const mostPorts = 65_536;

/** How many clients may share one port. */
const maxEndpoints = 64;

/** The ports of a switch: which there are, who is at each, and who may be. */
export class PortTable<One extends Endpoint> {
  /** The changes of ports and endpoints. */
  readonly changes = new Feed<PortChange>();
  readonly #switch: Switch;
  readonly #isMember: (uid: number, gid: number) => boolean;
  /** Whether new ports let all VLANs pass with their tags. */
  readonly trunk: boolean;
  readonly #ports = new Map<PortNumber, Kept<One>>();
  #numports: number;

  constructor(owner: Switch, { numports, isMember = () => false, trunk = false }: PortTableOptions) {
    this.#switch = owner;
    this.#numports = numports;
    this.#isMember = isMember;
    this.trunk = trunk;
  }

  /** How many numbers there are, from 0, the management port. */
  get numports(): number {
    return this.#numports;
  }

  /** Changes how many there are: not below a port that is there. */
  setNumports(numports: number): PortRefusal | undefined {
    if (!(numports >= 1 && numports <= mostPorts)) return 'out-of-range';
    if ([...this.#ports.keys()].some((number) => number >= numports)) return 'in-use';
    this.#numports = numports;
    return undefined;
  }

  get(number: PortNumber): ManagedPort<One> | undefined {
    return this.#ports.get(number);
  }

  /** Who is at a port. */
  at(number: PortNumber): readonly One[] | undefined {
    return this.#ports.get(number)?.endpoints;
  }

  /** By their numbers. */
  list(): ManagedPort<One>[] {
    return [...this.#ports.values()].sort((a, b) => a.number - b.number);
  }

  /** Everybody at any port. */
  *endpoints(): Generator<One> {
    for (const { endpoints } of this.#ports.values()) yield* endpoints;
  }

  /** See Acceptor. A port that is another user's is passed over where any will do. */
  choose(wish: PortWish, peer: Peer): PortNumber | Denial {
    if (wish === 'any') return this.#chooseAny(peer);
    const number = wish === 'management' ? managementPort : wish;
    if (number >= this.#numports) return this.#deny('no-such-port');
    const port = this.#ports.get(number);
    if (port === undefined) return number;
    if (!this.#mayUse(port, peer)) return this.#deny('reserved');
    // Users do not receive each other's frames.
    if (port.endpoints.some((endpoint) => !mayShare(endpoint.peer, peer))) return this.#deny('other-user');
    return port.endpoints.length < maxEndpoints ? number : this.#deny('crowded');
  }

  /** Puts somebody at a port, which is made if it is not there. */
  join(number: PortNumber, endpoint: One): void {
    const port = this.#ports.get(number) ?? this.#add(number, { created: false });
    port.endpoints.push(endpoint);
    this.changes.emit({ kind: 'joined', port: number, endpoint });
  }

  /** Somebody is gone. The port stays, without a carrier when he was the last. */
  leave(number: PortNumber, endpoint: One): void {
    const port = this.#ports.get(number);
    if (port?.endpoints.includes(endpoint) !== true) return;
    port.endpoints = port.endpoints.filter((other) => other !== endpoint);
    this.changes.emit({ kind: 'left', port: number, endpoint });
    if (port.endpoints.length > 0) return;
    this.changes.emit({ kind: 'emptied', port: number });
    this.#switch.setCarrier(number, false);
  }

  /** Makes a port that is for those who name it. */
  create(number: PortNumber): PortRefusal | undefined {
    if (!(number >= 0 && number < this.#numports)) return 'out-of-range';
    if (this.#ports.has(number)) return 'exists';
    this.#add(number, { created: true });
    return undefined;
  }

  /** Makes the port with the lowest number that is free, and returns that. */
  createLowest(): PortNumber | undefined {
    const number = this.#lowest((port) => port === undefined);
    if (number !== undefined) this.#add(number, { created: true });
    return number;
  }

  /** Removes a port at which nobody is, and all that is known of it. */
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

  /** Changes how a port carries frames, for the endpoints of now and of later. The data plane applies it. */
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

  /** What went in and out since the last reset. */
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

  /** Begins to count anew. */
  resetCounts(number: PortNumber): void {
    const port = this.#ports.get(number);
    const counters = this.#switch.port(number)?.counters;
    if (port && counters) port.base = { ...counters };
  }

  #add(number: PortNumber, { created }: { readonly created: boolean }): Kept<One> {
    const base = { receivedFrames: 0, receivedOctets: 0, sentFrames: 0, sentOctets: 0 };
    const access = { allocatable: !created, user: undefined, group: undefined };
    const port: Kept<One> = { number, created, ...access, condition: sound, endpoints: [], base };
    this.#ports.set(number, port);
    this.#switch.addPort(number, { up: false, trunk: this.trunk });
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
