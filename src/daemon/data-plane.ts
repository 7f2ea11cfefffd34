import type { Clock } from '../clock.ts';
import { BacklogBudget } from '../ports/backlog.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { maxFrame, type Acceptor, type Port, type PortNumber, type PortWish } from '../ports/port.ts';
import { Switch, type SwitchOptions } from '../switch/switch.ts';
import { openLoop, type Loop } from '../system/loop.ts';

export interface DataPlaneOptions extends Pick<SwitchOptions, 'ageingTime' | 'maxEntries' | 'observe' | 'portChanged'> {
  readonly clock: Clock;
  readonly log: (message: string) => void;
  /** How many switch ports there may be, the management port included. Default: 1,024. */
  readonly numports?: number;
  /** Overwrites received frames after each breath, so that tests find whoever kept one. Default: false. */
  readonly poison?: boolean;
}

/** A station inside the switch: what it is sent it hears at the end of the breath, when it may also speak. */
export interface Station {
  /** A frame for the station, and the port it entered the switch by. Borrowed until `flush` returns. */
  receive(frame: Uint8Array, ingress: PortNumber): void;
  flush(): void;
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

/** Ports <-> switch: gives ports their numbers, carries frames between them and the switch, and makes each piece of work one breath. */
export class DataPlane implements Acceptor, AsyncDisposable {
  readonly switch: Switch;
  readonly environment: PortEnvironment;
  readonly #log: (message: string) => void;
  readonly #loop: Loop;
  readonly #poison: boolean;
  readonly #numports: number;
  readonly #endpoints = new Map<PortNumber, Endpoint[]>();
  readonly #stations = new Map<PortNumber, Station>();
  readonly #touched: (Endpoint | Station)[] = [];
  #breathing = false;

  constructor({ clock, log, numports = 1024, poison = false, ...options }: DataPlaneOptions) {
    this.#log = log;
    this.#loop = openLoop(maxFrame);
    this.#poison = poison;
    this.#numports = numports;
    this.environment = { clock, log, breath: this.breath, loop: this.#loop, budget: new BacklogBudget() };
    this.switch = new Switch({ ...options, clock, transmit: this.#transmit });
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
      this.#flush();
      this.#breathing = false;
      if (this.#poison) this.#loop.ring.poison();
    }
  };

  choose(wish: PortWish, uid: number): PortNumber | undefined {
    if (wish === 'any') return this.#lowestFree();
    const number = wish === 'management' ? managementPort : wish;
    if (number >= this.#numports) return undefined;
    // Users do not listen in on each other's ports.
    const [first] = this.#endpoints.get(number) ?? [];
    return first && first.uid !== uid ? undefined : number;
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

  /** Puts one of the switch's own ports at the lowest free number, and returns that; undefined when none is free. */
  add(port: Port): PortNumber | undefined {
    const number = this.#lowestFree();
    if (number !== undefined) this.accept(port, number, ownUid);
    return number;
  }

  /** Makes `station` part of the switch, under a number beyond those of ports. */
  addStation(station: Station): PortNumber {
    const number = this.#numports + this.#stations.size;
    this.#stations.set(number, station);
    this.switch.addPort(number);
    return number;
  }

  /** The ports that are at the switch now. */
  *ports(): Iterable<{ readonly number: PortNumber; readonly port: Port; readonly up: boolean }> {
    for (const endpoints of this.#endpoints.values()) yield* endpoints;
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
      this.#tell(number, frame, ingress);
      return;
    }
    for (const endpoint of endpoints) {
      endpoint.port.transmit(frame);
      if (endpoint.touched) continue;
      endpoint.touched = true;
      this.#touched.push(endpoint);
    }
  };

  #tell(number: PortNumber, frame: Uint8Array, ingress: PortNumber): void {
    const station = this.#stations.get(number);
    if (!station) return;
    station.receive(frame, ingress);
    if (!this.#touched.includes(station)) this.#touched.push(station);
  }

  /** A station that is flushed may speak, which touches more: until nobody has anything left. */
  #flush(): void {
    for (let one = this.#touched.shift(); one; one = this.#touched.shift()) {
      if (!('port' in one)) {
        one.flush();
        continue;
      }
      one.touched = false;
      one.port.flush();
    }
  }
}

/** The switch's own ports belong to nobody. */
const ownUid = -2;
