import type { Clock } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import { BacklogBudget, type BacklogBounds } from '../ports/backlog.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { maxFrame, type Acceptor, type Port, type PortNumber, type PortWish } from '../ports/port.ts';
import { Switch, type SwitchOptions } from '../switch/switch.ts';
import { openLoop, type Loop } from '../system/loop.ts';

/** What a data plane is made of. */
export interface DataPlaneOptions extends Pick<SwitchOptions, 'ageingTime' | 'maxEntries' | 'seed' | 'contested' | 'mac' | 'priority'> {
  readonly clock: Clock;
  readonly log: (message: string) => void;
  /** How many switch ports there may be, the management port included. Default: 1,024. */
  readonly numports?: number;
  /** Whether it is a hub; then it has no spanning tree. Default: false. */
  readonly hub?: boolean;
  /** Whether it takes part in spanning trees from the beginning. Default: false. */
  readonly fstp?: boolean;
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

/** A port's place at the switch. Several clients may share one switch port. */
interface Endpoint {
  readonly port: Port;
  readonly number: PortNumber;
  readonly uid: number;
  up: boolean;
  touched: boolean;
}

const managementPort: PortNumber = 0;

/** How many clients may share one port. */
const maxEndpoints = 64;

/** Ports <-> switch: gives ports their numbers, carries frames between them and the switch, and makes each piece of work one breath. */
export class DataPlane implements Acceptor, AsyncDisposable {
  readonly switch: Switch;
  /** Sees the ARP and the first IPv4 of each station. One at a time. */
  observe: Observe | undefined;
  readonly environment: PortEnvironment;
  readonly #log: (message: string) => void;
  readonly #loop: Loop;
  readonly #poison: boolean;
  readonly #numports: number;
  readonly #endpoints = new Map<PortNumber, Endpoint[]>();
  readonly #stations = new Map<PortNumber, Station>();
  readonly #touched: (Endpoint | Station)[] = [];
  #breathing = false;

  constructor({ clock, log, numports = 1024, backlog, poison = false, hub = false, fstp = false, ...options }: DataPlaneOptions) {
    this.#log = log;
    this.#loop = openLoop({ frameSize: maxFrame, breath: this.breath });
    this.#poison = poison;
    this.#numports = numports;
    this.environment = { clock, log, breath: this.breath, loop: this.#loop, budget: new BacklogBudget(backlog) };
    this.switch = new Switch({
      ...options,
      clock,
      breath: this.breath,
      transmit: this.#transmit,
      observe: (ingress, vid, frame) => this.observe?.(ingress, vid, frame),
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
    this.switch.beginBreath();
    try {
      work();
    } finally {
      this.#endBreath();
    }
  };

  choose(wish: PortWish, uid: number): PortNumber | undefined {
    if (wish === 'any') return this.#lowestFree();
    const number = wish === 'management' ? managementPort : wish;
    if (number >= this.#numports) return undefined;
    // Users do not listen in on each other's ports.
    const there = this.#endpoints.get(number) ?? [];
    return there.some((endpoint) => endpoint.uid !== uid) || there.length >= maxEndpoints ? undefined : number;
  }

  accept(port: Port, number: PortNumber, uid: number): void {
    const endpoint: Endpoint = { port, number, uid, up: false, touched: false };
    const others = this.#endpoints.get(number);
    if (others) others.push(endpoint);
    else {
      this.#endpoints.set(number, [endpoint]);
      this.switch.addPort(number, { up: false });
    }
    this.#log(`port ${number}: ${port.module} ${port.description}`);
    port.attach({
      receive: (frame) => this.switch.receive(number, frame),
      carrier: (up) => {
        endpoint.up = up;
        this.#carrier(number);
      },
      closed: (reason) => this.#remove(endpoint, reason),
    });
  }

  /** Puts one of the switch's own ports at the lowest free number, and returns that. Throws EtherloomError('busy') when none is free. */
  add(port: Port): PortNumber {
    const number = this.#lowestFree();
    if (number === undefined) throw new EtherloomError('busy', `all ${this.#numports - 1} ports of the switch are taken: give it more`);
    this.accept(port, number, ownUid);
    return number;
  }

  /** Puts a station into the switch, under a number beyond those of ports, and returns its way to speak: for use inside a breath. */
  addStation(receive: StationReceive): (frame: Uint8Array) => void {
    const station: Station = { number: this.#numports + this.#stations.size, receive, outbox: [] };
    this.#stations.set(station.number, station);
    this.switch.addPort(station.number, { edge: true });
    return (frame) => {
      if (station.outbox.push(frame) === 1) this.#touched.push(station);
    };
  }

  /** The ports that are at the switch now. */
  *ports(): Iterable<{ readonly number: PortNumber; readonly port: Port; readonly up: boolean }> {
    for (const endpoints of this.#endpoints.values()) yield* endpoints;
  }

  /** What a port is, for people: its number, and who is there. */
  describe(number: PortNumber): string {
    const there = (this.#endpoints.get(number) ?? []).map(({ port }) => `${port.module} ${port.description}`);
    return [`port ${number}`, ...there].join(', ');
  }

  /** Ends all ports. */
  async [Symbol.asyncDispose](): Promise<void> {
    const endpoints = [...this.#endpoints.values()].flat();
    this.#endpoints.clear();
    await Promise.all(endpoints.map(({ port }) => port[Symbol.asyncDispose]()));
    this.switch[Symbol.dispose]();
  }

  #lowestFree(): PortNumber | undefined {
    for (let number = 1; number < this.#numports; number++) if (!this.#endpoints.has(number)) return number;
    return undefined;
  }

  #remove(endpoint: Endpoint, reason: string): void {
    const { number, port } = endpoint;
    const others = this.#endpoints.get(number)?.filter((other) => other !== endpoint);
    if (!others) return;
    this.#log(`port ${number}: ${port.module} ${port.description} is gone: ${reason}`);
    if (others.length === 0) {
      this.#endpoints.delete(number);
      this.switch.removePort(number);
    } else {
      this.#endpoints.set(number, others);
      this.#carrier(number);
    }
  }

  #carrier(number: PortNumber): void {
    const endpoints = this.#endpoints.get(number);
    if (endpoints)
      this.switch.setCarrier(
        number,
        endpoints.some(({ up }) => up),
      );
  }

  readonly #transmit = (number: PortNumber, frame: Uint8Array, ingress: PortNumber): void => {
    const endpoints = this.#endpoints.get(number);
    if (!endpoints) {
      this.#stations.get(number)?.receive(frame, ingress);
      return;
    }
    for (const endpoint of endpoints) {
      endpoint.port.transmit(frame);
      if (endpoint.touched) continue;
      endpoint.touched = true;
      this.#touched.push(endpoint);
    }
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
