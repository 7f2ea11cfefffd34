import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { EtherloomError } from '../errors.ts';
import { Feed } from '../feed.ts';
import type { AttachedPortEnvironment } from '../impairment/attached-port.ts';
import { BacklogBudget, type BacklogBounds } from '../ports/pure/backlog.ts';
import { describeCondition, isSound, sound } from '../impairment/condition.ts';
import { onceAMinute } from '../ports/once-a-minute.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { self, type Peer } from '../ports/pure/peer.ts';
import { denialText, maxFrame, type Acceptor, type Denial, type Port, type PortNumber, type PortWish } from '../ports/pure/port.ts';
import { PortTable, type Endpoint } from '../management/port-table.ts';
import { StationMoves } from '../management/station-moves.ts';
import { Plane } from '../plane/plane.ts';
import { senderRules, type FstpChange, type SenderPolicy, type Switch, type SwitchOptions } from '../switch/switch.ts';
import { openLoop } from '../system/loop.ts';
import { PlaneEndpoint } from './plane-endpoint.ts';
import { ShortcutPorts } from './shortcut-ports.ts';
import { moveLog, type MoveNames } from './move-log.ts';
import type { Log } from '../log.ts';

/** The settings and resources of a data plane. */
export interface DataPlaneOptions extends Pick<SwitchOptions, 'ageingTime' | 'maxEntries' | 'seed' | 'mac' | 'priority'> {
  readonly clock: Clock;
  /** The source of randomness for impaired ports. */
  readonly random: Random;
  readonly log: Log;
  /** The most switch ports, including the management port. Default: 1,024. */
  readonly numports?: number;
  /** True if new ports pass all VLANs with their tags. Default: false. */
  readonly trunk?: boolean | undefined;
  /** Returns true if a new port of that number is guarded against hostile stations. Default: always false. */
  readonly guards?: ((port: PortNumber) => boolean) | undefined;
  /** Returns true if a user is in a group, for ports that belong to a group. Default: always false. */
  readonly isMember?: ((uid: number, gid: number) => boolean) | undefined;
  /** True for a hub, which has no spanning tree. Default: false. */
  readonly hub?: boolean;
  /** True if it takes part in spanning trees from the start. Default: false. */
  readonly fstp?: boolean;
  /** Returns the log's name for a station, in addition to its address. Default: none. */
  readonly stationName?: MoveNames['station'] | undefined;
  /** The backlog limits for peers that do not read. */
  readonly backlog?: BacklogBounds | undefined;
  /** Overwrites received frames after each breath, so that tests find code that keeps a borrowed frame. Default: false. */
  readonly poison?: boolean;
}

/** How long a frame waits for a reader, in milliseconds. This is the default. */
const usualAge = 2000;

/** A switch's plane with real ports: it assigns their numbers, and connects them to an event loop and a log. */
export class DataPlane implements Acceptor, AsyncDisposable {
  readonly switch: Switch;
  readonly ports: PortTable<PlaneEndpoint>;
  readonly taps: Plane['taps'];
  readonly stations: Plane['stations'];
  readonly breath: Plane['breath'];
  /** The ports of shortcuts, which are not in the table. */
  readonly shortcuts: ShortcutPorts;
  /** The stations that moved to other ports. */
  readonly moves: StationMoves;
  /** The changes in the spanning trees. */
  readonly treeChanges = new Feed<FstpChange>();
  readonly environment: PortEnvironment;
  readonly #log: Log;
  readonly #attachment: AttachedPortEnvironment;
  readonly #plane: Plane;
  #lastId = 0;
  #open = true;

  constructor({
    clock,
    random,
    log,
    numports = 1024,
    backlog,
    poison = false,
    hub = false,
    fstp = false,
    isMember,
    trunk,
    guards,
    stationName = () => undefined,
    ...options
  }: DataPlaneOptions) {
    this.#log = log;
    const budget = new BacklogBudget({ ...backlog, age: backlog?.age ?? usualAge });
    const warn = onceAMinute(clock, log.warn);
    budget.exhausted = (): void =>
      warn(`all ${budget.limit} octets for waiting frames are in use: ports whose peers do not read lose frames`);
    this.moves = new StationMoves(clock);
    this.moves.reports.subscribe(moveLog(log, { station: stationName, port: (number) => this.describe(number) }));
    this.#plane = new Plane({
      ...options,
      clock,
      begin: () => (budget.now = clock.monotonic()),
      ...(poison && { end: () => loop.poison() }),
      deliver: this.send,
      moved: this.moves.note,
      treeChanged: this.treeChanges.emit,
    });
    const { breath, release } = this.#plane;
    this.shortcuts = new ShortcutPorts(this.#plane);
    ({ switch: this.switch, taps: this.taps, stations: this.stations, breath: this.breath } = this.#plane);
    const loop = openLoop({ frameSize: maxFrame, breath });
    this.#attachment = { clock, random, breath };
    this.environment = { clock, log, breath, release, loop, budget, seed: random.uint32(), named: new Set() };
    this.ports = new PortTable(this.switch, { numports, isMember, trunk, guards });
    this.ports.changes.subscribe(({ kind, port }) => {
      if (kind === 'conditioned') this.#condition(port);
    });
    this.switch.fstp.enabled = fstp;
    this.switch.hub = hub;
  }

  choose(wish: PortWish, peer: Peer): PortNumber | Denial {
    return this.ports.choose(wish, peer);
  }

  /** Takes a port: see Acceptor. Frames from it must keep the rules of `policy`, if there is one, from the first on. */
  accept(port: Port, number: PortNumber, peer: Peer, policy?: SenderPolicy): void {
    const endpoint = new PlaneEndpoint(port, { number, peer, id: ++this.#lastId }, this.#attachment, (one) => this.#close(one));
    this.ports.join(number, endpoint);
    endpoint.guard = policy && this.switch.guard(number, policy);
    endpoint.condition = this.ports.get(number)?.condition ?? sound;
    this.#log(`port ${number}: ${endpoint.module} ${endpoint.description}`);
    endpoint.attach({
      receive: (frame) => this.#plane.receive(number, frame),
      carrier: (up) => {
        endpoint.up = up;
        this.#carrier(number);
      },
      closed: (reason) => this.#remove(endpoint, reason),
    });
  }

  /** Holds the frames of a port to the rules of a policy from now on, in place of an earlier one. Has no effect on a port that has ended. */
  guard(port: Port, policy: SenderPolicy): void {
    for (const endpoint of this.ports.endpoints()) {
      if (endpoint.driver !== port) continue;
      endpoint.guard?.[Symbol.dispose]();
      endpoint.guard = this.switch.guard(endpoint.number, policy);
    }
  }

  /** Puts one of the switch's own ports at the lowest free number, and returns that. Throws EtherloomError('busy') if no number is free. */
  add(port: Port): PortNumber {
    const number = this.ports.choose('any', self);
    if (typeof number === 'object') throw new EtherloomError('busy', denialText(number, 'any'));
    this.accept(port, number, self);
    return number;
  }

  /** Sends a frame by a port, bypassing the switch. Must be called inside a breath. */
  readonly send = (number: PortNumber, frame: Uint8Array): void => {
    const endpoints = this.ports.at(number);
    if (endpoints) for (const endpoint of endpoints) this.#plane.give(endpoint, frame);
    else this.shortcuts.send(number, frame);
  };

  /** Returns the counts of the frames that the rules for hostile stations refused at a port, by rule, without zeros. */
  refusedAt(number: PortNumber): Readonly<Record<string, number>> {
    const { drops } = this.switch.port(number)?.counters ?? {};
    const rules = ['flooding', ...senderRules] as const;
    return Object.fromEntries(rules.flatMap((rule) => (drops && drops[rule] > 0 ? [[rule, drops[rule]] as const] : [])));
  }

  /** Describes a port for people: its number and its endpoints. */
  describe(number: PortNumber): string {
    const there = (this.ports.at(number) ?? []).map(({ module, description }) => `${module} ${description}`);
    return [`port ${number}`, ...there].join(', ');
  }

  /** Ends all ports. */
  async [Symbol.asyncDispose](): Promise<void> {
    const endpoints = [...this.ports.endpoints()];
    this.#open = false;
    await Promise.all(endpoints.map(({ port }) => port[Symbol.asyncDispose]()));
    await this.shortcuts[Symbol.asyncDispose]();
    this.moves[Symbol.dispose]();
    this.#plane[Symbol.dispose]();
  }

  /** Returns the endpoint of a port; undefined if the port is not, or no longer, at the switch. */
  endpointOf(port: Port): (Endpoint & { readonly number: PortNumber; readonly up: boolean }) | undefined {
    for (const endpoint of this.ports.endpoints()) if (endpoint.driver === port) return endpoint;
    return undefined;
  }

  #close(endpoint: PlaneEndpoint): void {
    this.#remove(endpoint, 'closed by the console');
    void endpoint.port[Symbol.asyncDispose]();
  }

  #remove(endpoint: PlaneEndpoint, reason: string): void {
    const { number, module, description } = endpoint;
    if (!this.#open || this.ports.at(number)?.includes(endpoint) !== true) return;
    this.#log(`port ${number}: ${module} ${description} is gone: ${reason}`);
    endpoint.guard?.[Symbol.dispose]();
    this.ports.leave(number, endpoint);
    if (this.ports.at(number)?.length !== 0) this.#carrier(number);
  }

  #condition(number: PortNumber): void {
    const { condition = sound, endpoints = [] } = this.ports.get(number) ?? {};
    this.#log(`port ${number} is ${isSound(condition) ? 'up, and not impaired' : describeCondition(condition)}`);
    this.breath(() => {
      for (const endpoint of endpoints) endpoint.condition = condition;
    });
  }

  #carrier(number: PortNumber): void {
    const endpoints = this.ports.at(number);
    if (!endpoints || !this.#open) return;
    const up = endpoints.some((endpoint) => endpoint.up);
    const before = this.switch.port(number)?.up;
    this.switch.setCarrier(number, up);
    if (up !== before) this.ports.changes.emit({ kind: up ? 'up' : 'down', port: number });
  }
}
