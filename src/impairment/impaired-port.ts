import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { isSound, sound, type PortCondition } from './condition.ts';
import { ImpairedLine, type MostWaiting } from './impaired-line.ts';
import type { ImpairmentDrop } from './impairment.ts';
import type { Breath, Port, PortCounters, Receiver } from '../ports/pure/port.ts';

/** The surroundings of an impaired port. */
export interface ImpairedPortEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly breath: Breath;
  /** Called for each frame that the impairment drops. */
  readonly lost: (why: ImpairmentDrop) => void;
  /** Called when the port is sound and has no frame in transit; it can then be removed. */
  readonly idle: () => void;
}

/** The limits of frames in transit in each direction, whatever the impairment. */
const most: MostWaiting = { frames: 16_384, octets: 32 * 2 ** 20 };

/** A wrapper around a port, which takes it down, or impairs its frames in each direction separately, as its condition demands. */
export class ImpairedPort implements Port {
  readonly #inner: Port;
  readonly #environment: ImpairedPortEnvironment;
  readonly #in: ImpairedLine;
  readonly #out: ImpairedLine;
  #condition = sound;
  #receiver: Receiver | undefined;
  /** True if the other side is connected. */
  #carrier = false;

  /** Creates a sound port. */
  constructor(inner: Port, environment: ImpairedPortEnvironment) {
    this.#inner = inner;
    this.#environment = environment;
    this.#out = this.#line((frame) => inner.transmit(frame));
    this.#in = this.#line((frame) => this.#receiver?.receive(frame));
  }

  get module(): string {
    return this.#inner.module;
  }

  get description(): string {
    const { up, impairment } = this.#condition;
    return `${this.#inner.description}${impairment ? ' (impaired)' : ''}${up ? '' : ' (down)'}`;
  }

  get counters(): PortCounters {
    return this.#inner.counters;
  }

  get mtu(): number | undefined {
    return this.#inner.mtu;
  }

  /**
   * The port's condition; may be changed at any time. Frames in transit then arrive at once, in their order; if the port is now down, they
   * are lost.
   */
  get condition(): PortCondition {
    return this.#condition;
  }

  set condition(condition: PortCondition) {
    const before = this.#condition;
    this.#condition = condition;
    for (const line of [this.#in, this.#out]) {
      if (!condition.up) line.cut();
      else if (condition.impairment !== before.impairment) line.release();
      line.quality = condition.impairment ?? {};
    }
    if (condition.up !== before.up) this.#environment.breath(() => this.#enable(condition.up));
    this.#settle();
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#inner.attach({
      receive: (frame) => this.#take(frame, this.#in),
      carrier: (up) => {
        this.#carrier = up;
        receiver.carrier(up && this.#condition.up);
      },
      closed: (reason) => {
        this.#end();
        receiver.closed(reason);
      },
    });
  }

  transmit(frame: Uint8Array): void {
    this.#take(frame, this.#out);
  }

  flush(): void {
    this.#inner.flush();
  }

  enable(up: boolean): void {
    this.condition = { ...this.#condition, up };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    return this.#inner[Symbol.asyncDispose]();
  }

  #take(frame: Uint8Array, line: ImpairedLine): void {
    if (this.#condition.up) line.take(frame.slice());
    else this.counters.drops['port-down']++;
  }

  #line(pass: (frame: Uint8Array) => void): ImpairedLine {
    const { clock, random, breath, lost } = this.#environment;
    return new ImpairedLine(
      {},
      {
        clock,
        random,
        pass,
        most,
        dropped: (_frame, why) => lost(why),
        replaced: () => undefined,
        breath: (work) => {
          // A delayed frame arrives outside of any breath, so it needs its own to be flushed.
          breath(() => {
            work();
            this.#inner.flush();
          });
          this.#settle();
        },
      },
    );
  }

  #enable(up: boolean): void {
    this.#inner.enable(up);
    if (this.#carrier) this.#receiver?.carrier(up);
  }

  #settle(): void {
    if (isSound(this.#condition) && this.#in.held === 0 && this.#out.held === 0) this.#environment.idle();
  }

  #end(): void {
    for (const line of [this.#in, this.#out]) line.cut();
  }
}
