import { assert, EtherloomError } from '../errors.ts';
import type { Breath } from '../ports/pure/port.ts';
import { minFrame } from '../wire/ethernet.ts';
import { formatHex } from '../wire/octets.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Fabric } from './fabric.ts';
import { Life } from './life.ts';
import type { LinkEnd } from './link-end.ts';
import { checkPositive } from './numbers.ts';
import { formatSkew, SkewedClock, type Skew } from './skewed-clock.ts';
import type { Wording } from './words.ts';

/** A frame that a station received. */
export interface Received {
  /** In milliseconds. */
  readonly time: number;
  readonly frame: Uint8Array;
}

/** The program of a station; it may call `station.send`, and be asynchronous. An error or rejection ends the run. */
export interface StationProgram {
  /** Called with each received frame. It may be kept, and must not be written to. */
  readonly receive?: (frame: Uint8Array, station: LabStation) => unknown;
  /** Called when the carrier came, or went. */
  readonly carrier?: (up: boolean, station: LabStation) => unknown;
}

/** The options of a station of the lab. */
export interface LabStationOptions extends StationProgram {
  /** By default an address made from the order of adding. */
  readonly mac?: string;
}

/** The most received frames that a station keeps, the last ones. */
const maxReceived = 256;

/** A node with one plug that sends and receives frames as its program does. */
export class LabStation implements Disposable {
  readonly name: string;
  readonly mac: MacAddress;
  /** Its own time, which may be wrong. */
  readonly clock: SkewedClock;
  /** The breath in which it sends and receives: it just runs the work. */
  readonly breath: Breath = (work) => work();
  /** The shared parts of its network. */
  readonly fabric: Fabric;
  readonly #program: StationProgram;
  // Most frames between hosts are never looked at, so objects are made only on access.
  #frames: Uint8Array[] = [];
  #times: number[] = [];
  #heard = 0;
  #life = new Life();
  #end: LinkEnd | undefined;

  constructor(name: string, mac: MacAddress, program: StationProgram, fabric: Fabric) {
    this.name = name;
    this.mac = mac;
    this.fabric = fabric;
    this.clock = new SkewedClock(fabric.timeline);
    this.#program = program;
  }

  /** The last frames that it received, the oldest first: all frames of its own link, whatever their destination. */
  get received(): readonly Received[] {
    const times = this.#times.slice(-maxReceived);
    return this.#frames.slice(-maxReceived).map((frame, at) => ({ time: times[at] ?? 0, frame }));
  }

  /** The number of frames that it has received in all. */
  get heard(): number {
    return this.#heard;
  }

  /** The end of the link that it is plugged into; undefined while there is none. */
  get end(): LinkEnd | undefined {
    return this.#end;
  }

  /** Sends a copy of a frame of at least 14 octets, which must not change afterwards. */
  send(frame: Uint8Array): void {
    if (frame.length < minFrame)
      throw new EtherloomError('bad-option', `a frame must have at least ${minFrame} octets, not ${frame.length}`);
    this.fabric.act(
      () => `send ${this.name} ${formatHex(frame)}`,
      () => this.emit(frame.slice()),
    );
  }

  /** Calls back once after that many milliseconds by its own clock, unless disposed before. */
  after(milliseconds: number, run: () => unknown): Disposable {
    this.checkRunning();
    const life = this.#life;
    return this.fabric.enter(() => {
      const timer = this.fabric.timeline.tellAfter(this.clock.trueSpan(milliseconds), () => {
        life.forget(timer);
        return life.call(run);
      });
      life.hold(timer);
      return timer;
    });
  }

  /** Calls back repeatedly, at that interval in milliseconds by its own clock, until disposed; the first time after one interval. */
  every(milliseconds: number, run: () => unknown): Disposable {
    checkPositive('the time from one call to the next', milliseconds);
    let timer: Disposable;
    const again = (): unknown => {
      timer = this.after(milliseconds, again);
      return run();
    };
    timer = this.after(milliseconds, again);
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }

  /** Pulls the plug until disposed: both ends of its link lose their carrier. Throws EtherloomError('bad-state') if it has no link. */
  unplug(): Disposable {
    if (this.#end) return this.#end.link.cut();
    throw new EtherloomError('bad-state', `${this.name} cannot be unplugged: it has no link; link it to a switch first`);
  }

  /** Makes its clock wrong until disposed. */
  skew(skew: Skew): Disposable {
    return this.fabric.fault(
      () => `skew ${this.name} ${formatSkew(skew)}`,
      () => this.clock.skew(skew),
    );
  }

  /** Plugs it into the end of a link. */
  plug(end: LinkEnd): void {
    assert(!this.#end, `${this.name} has one plug`);
    this.#end = end;
    end.attach({
      receive: (frame) => {
        this.#keep(frame);
        this.hear(frame);
      },
      carrier: (up) => this.hearCarrier(up),
      closed: () => (this.#end = undefined),
    });
  }

  [Symbol.dispose](): void {
    this.#life.end();
  }

  /** Throws EtherloomError('bad-state') while it is down. */
  checkRunning(): void {
    this.fabric.checkOpen();
    if (this.running) return;
    throw new EtherloomError('bad-state', `${this.name} is down: it has crashed, or was removed; restart it first`);
  }

  /** True if it runs: it has not crashed, and was not removed. */
  get running(): boolean {
    return this.#life.alive;
  }

  /** The things that it has until it ends or crashes. */
  get life(): Life {
    return this.#life;
  }

  /** Ends its life, and begins a new one. */
  protected endLife(): void {
    this.#life.end();
    this.#life = new Life();
  }

  /** Calls its program once the current happening is complete, unless it has ended by then. */
  protected tell(program: () => unknown): void {
    const life = this.#life;
    this.fabric.timeline.tell(() => life.call(program));
  }

  /** Sends a frame that it owns. Without a link it is lost. */
  protected emit(frame: Uint8Array): void {
    this.#end?.transmit(frame);
  }

  /** Handles a received frame. */
  protected hear(frame: Uint8Array): void {
    const { receive } = this.#program;
    if (receive) this.tell(() => receive(frame, this));
  }

  protected hearCarrier(up: boolean): void {
    const { carrier } = this.#program;
    if (carrier) this.tell(() => carrier(up, this));
  }

  #keep(frame: Uint8Array): void {
    this.#heard++;
    this.#frames.push(frame);
    this.#times.push(this.fabric.timeline.now);
    if (this.#frames.length < 2 * maxReceived) return;
    this.#frames = this.#frames.slice(-maxReceived);
    this.#times = this.#times.slice(-maxReceived);
  }
}

/** The parts of a station's program. */
export const programWords = { receive: 'function', carrier: 'function' } as const satisfies Wording<StationProgram>;
