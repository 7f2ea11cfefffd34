import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { EtherloomError } from '../errors.ts';
import type { AttachedPortEnvironment } from '../ports/attached-port.ts';
import { BacklogBudget, type BacklogBounds } from '../ports/backlog.ts';
import { describeCondition, isSound, sound } from '../ports/condition.ts';
import { onceAMinute } from '../ports/once-a-minute.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { denialText, maxFrame, type Acceptor, type Denial, type Port, type PortNumber, type PortWish } from '../ports/port.ts';
import { FrameTaps } from '../management/frame-taps.ts';
import { PortTable, type Endpoint } from '../management/port-table.ts';
import { StationMoves } from '../management/station-moves.ts';
import { Switch, type FstpChange, type SwitchOptions } from '../switch/switch.ts';
import { openLoop, type Loop } from '../system/loop.ts';
import { PlaneEndpoint } from './plane-endpoint.ts';
import { moveLog, type MoveNames } from './move-log.ts';
import type { Log } from '../log.ts';

/** What a data plane is made of. */
export interface DataPlaneOptions extends Pick<SwitchOptions, 'ageingTime' | 'maxEntries' | 'seed' | 'mac' | 'priority'> {
  readonly clock: Clock;
  /** Chance, for impaired ports. */
  readonly random: Random;
  readonly log: Log;
  /** How many switch ports there may be, the management port included. Default: 1,024. */
  readonly numports?: number;
  /** Whether new ports let all VLANs pass with their tags. Default: false. */
  readonly trunk?: boolean | undefined;
  /** Whether a user is in a group, for ports that are a group's. Default: nobody is. */
  readonly isMember?: ((uid: number, gid: number) => boolean) | undefined;
  /** Whether it is a hub; then it has no spanning tree. Default: false. */
  readonly hub?: boolean;
  /** Whether it takes part in spanning trees from the beginning. Default: false. */
  readonly fstp?: boolean;
  /** How the log calls stations beside their addresses. Default: not at all. */
  readonly stationName?: MoveNames['station'] | undefined;
  /** What is kept for peers that do not read. */
  readonly backlog?: BacklogBounds | undefined;
  /** Overwrites received frames after each breath, so that tests find whoever kept one. Default: false. */
  readonly poison?: boolean;
}

/** What a station inside the switch hears: a frame for it, borrowed, and the port that the frame entered the switch by. */
export type StationReceive = (frame: Uint8Array, ingress: PortNumber) => void;

/** What is told of the traffic to whoever watches it; see SwitchOptions. */
export type Observe = NonNullable<SwitchOptions['observe']>;

interface Station {
  readonly number: PortNumber;
  readonly receive: StationReceive;
  /** What it says waits until the switch is done with the frame at hand. */
  outbox: Uint8Array[];
}

/** How long a frame waits for a reader, in milliseconds, unless the options say another age. */
const usualAge = 2000;

/** Stations within the switch are numbered beyond all ports that there can be. */
const firstStation: PortNumber = 2 ** 20;

/** Ports <-> switch: gives ports their numbers, carries frames between them and the switch, and makes each piece of work one breath. */
export class DataPlane implements Acceptor, AsyncDisposable {
  readonly switch: Switch;
  readonly ports: PortTable<PlaneEndpoint>;
  /** Whoever looks at all frames. */
  readonly taps = new FrameTaps();
  /** The stations that are heard behind other ports than before. */
  readonly moves: StationMoves;
  /** Is told what changes in the spanning trees. One at a time. */
  treeChanged: ((change: FstpChange) => void) | undefined;
  /** Sees the ARP and the first IPv4 of each station. One at a time. */
  observe: Observe | undefined;
  readonly environment: PortEnvironment;
  readonly #log: Log;
  readonly #attachment: AttachedPortEnvironment;
  readonly #loop: Loop;
  readonly #poison: boolean;
  readonly #stations = new Map<PortNumber, Station>();
  readonly #touched: (PlaneEndpoint | Station)[] = [];
  #lastId = 0;
  #breathing = false;
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
    stationName = () => undefined,
    ...options
  }: DataPlaneOptions) {
    this.#log = log;
    this.#loop = openLoop({ frameSize: maxFrame, breath: this.breath });
    this.#poison = poison;
    const budget = new BacklogBudget({ ...backlog, age: backlog?.age ?? usualAge });
    const warn = onceAMinute(clock, log.warn);
    budget.exhausted = (): void =>
      warn(`all ${budget.limit} octets for waiting frames are in use: ports whose peers do not read lose frames`);
    this.#attachment = { clock, random, breath: this.breath };
    this.environment = { clock, log, breath: this.breath, loop: this.#loop, budget, named: new Set() };
    this.moves = new StationMoves(clock);
    this.moves.observe(moveLog(log, { station: stationName, port: (number) => this.describe(number) }));
    this.switch = new Switch({
      ...options,
      clock,
      breath: this.breath,
      transmit: this.#transmit,
      moved: this.moves.note,
      observe: (ingress, vid, frame) => this.observe?.(ingress, vid, frame),
      treeChanged: (change) => this.treeChanged?.(change),
    });
    this.ports = new PortTable(this.switch, { numports, isMember, trunk });
    this.ports.observe(({ kind, port }) => {
      if (kind === 'conditioned') this.#condition(port);
    });
    this.switch.fstp.enabled = fstp;
    this.switch.hub = hub;
  }

  readonly breath = (work: () => void): void => {
    if (this.#breathing) {
      work();
      return;
    }
    this.#breathing = true;
    this.environment.budget.now = this.environment.clock.monotonic();
    this.switch.beginBreath();
    try {
      work();
    } finally {
      this.#endBreath();
    }
  };

  choose(wish: PortWish, uid: number): PortNumber | Denial {
    return this.ports.choose(wish, uid);
  }

  accept(port: Port, number: PortNumber, uid: number): void {
    const endpoint = new PlaneEndpoint(port, { number, uid, id: ++this.#lastId }, this.#attachment, (one) => this.#close(one));
    this.ports.join(number, endpoint);
    endpoint.condition = this.ports.get(number)?.condition ?? sound;
    this.#log(`port ${number}: ${endpoint.module} ${endpoint.description}`);
    endpoint.attach({
      receive: (frame) => {
        if (this.taps.active) this.taps.show('in', number, frame);
        this.switch.receive(number, frame);
      },
      carrier: (up) => {
        endpoint.up = up;
        this.#carrier(number);
      },
      closed: (reason) => this.#remove(endpoint, reason),
    });
  }

  /** Puts one of the switch's own ports at the lowest free number, and returns that. Throws EtherloomError('busy') when none is free. */
  add(port: Port): PortNumber {
    const number = this.ports.choose('any', ownUid);
    if (typeof number === 'object') throw new EtherloomError('busy', denialText(number, 'any'));
    this.accept(port, number, ownUid);
    return number;
  }

  /** Puts a station into the switch, under a number beyond those of ports, and returns its way to speak: for use inside a breath. */
  addStation(receive: StationReceive): (frame: Uint8Array) => void {
    const station: Station = { number: firstStation + this.#stations.size, receive, outbox: [] };
    this.#stations.set(station.number, station);
    this.switch.addPort(station.number, { edge: true });
    return (frame) => {
      if (station.outbox.push(frame) === 1) this.#touched.push(station);
    };
  }

  /** Sends a frame by a port past the switch: for use inside a breath. */
  readonly send = (number: PortNumber, frame: Uint8Array): void => {
    for (const endpoint of this.ports.at(number) ?? []) {
      endpoint.port.transmit(frame);
      if (endpoint.touched) continue;
      endpoint.touched = true;
      this.#touched.push(endpoint);
    }
  };

  /** What a port is, for people: its number, and who is there. */
  describe(number: PortNumber): string {
    const there = (this.ports.at(number) ?? []).map(({ module, description }) => `${module} ${description}`);
    return [`port ${number}`, ...there].join(', ');
  }

  /** Ends all ports. */
  async [Symbol.asyncDispose](): Promise<void> {
    const endpoints = [...this.ports.endpoints()];
    this.#open = false;
    await Promise.all(endpoints.map(({ port }) => port[Symbol.asyncDispose]()));
    this.moves[Symbol.dispose]();
    this.switch[Symbol.dispose]();
  }

  /** A port's place at the switch; undefined when it has none, or none any more. */
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
    if (endpoints && this.#open)
      this.switch.setCarrier(
        number,
        endpoints.some(({ up }) => up),
      );
  }

  readonly #transmit = (number: PortNumber, frame: Uint8Array, ingress: PortNumber): void => {
    if (number >= firstStation) {
      this.#stations.get(number)?.receive(frame, ingress);
      return;
    }
    if (this.taps.active) this.taps.show('out', number, frame);
    this.send(number, frame);
  };

  #endBreath(): void {
    try {
      this.#flush();
    } finally {
      this.#breathing = false;
      if (this.#poison) {
        this.#loop.ring.poison();
        this.#loop.streams.poison();
      }
    }
  }

  /** What a station says touches more ports: until nobody has anything left. What one throws must not keep the others' frames. */
  #flush(): void {
    const failures: unknown[] = [];
    for (let one = this.#touched.shift(); one; one = this.#touched.shift()) {
      try {
        if ('outbox' in one) this.#hear(one);
        else {
          one.touched = false;
          one.port.flush();
        }
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  #hear(station: Station): void {
    const said = station.outbox;
    station.outbox = [];
    for (const frame of said) this.switch.receive(station.number, frame);
  }
}

/** The switch's own ports belong to nobody. */
const ownUid = -2;
