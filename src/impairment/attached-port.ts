import { isSound, type PortCondition } from './condition.ts';
import { ImpairedPort, type ImpairedPortEnvironment } from './impaired-port.ts';
import type { ImpairmentDrop } from './impairment.ts';
import type { Port, Receiver } from '../ports/pure/port.ts';

/** The surroundings of a port at a switch. */
export type AttachedPortEnvironment = Pick<ImpairedPortEnvironment, 'clock' | 'random' | 'breath'>;

/**
 * A driver's port attached to a switch. While the port is sound, the switch uses the driver directly. While it is down or impaired, an
 * `ImpairedPort` wraps the driver. Both changes are possible while frames are in transit.
 */
export class AttachedPort {
  readonly driver: Port;
  /** The port that the switch uses: the driver itself, or its wrapper. */
  port: Port;
  readonly #environment: AttachedPortEnvironment;
  readonly #lost = new Map<ImpairmentDrop, number>();
  #impaired: ImpairedPort | undefined;
  #receiver: Receiver | undefined;

  constructor(driver: Port, environment: AttachedPortEnvironment) {
    this.driver = driver;
    this.port = driver;
    this.#environment = environment;
  }

  /** Begins delivery to the receiver. */
  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    this.port.attach(receiver);
  }

  /** The port's condition; may be changed. */
  set condition(condition: PortCondition) {
    if (this.#impaired === undefined && isSound(condition)) return;
    this.#impaired ??= this.#wrap();
    this.#impaired.condition = condition;
  }

  /** The MTU of the driver: see Port. */
  get mtu(): number | undefined {
    return this.driver.mtu;
  }

  /** The number of dropped frames, by reason. Intentional losses have reasons like `impair-loss`. */
  get drops(): Readonly<Record<string, number>> {
    const lost = [...this.#lost].map(([why, frames]) => [`impair-${why}`, frames] as const);
    return { ...this.driver.counters.drops, ...Object.fromEntries(lost) };
  }

  #wrap(): ImpairedPort {
    const impaired = new ImpairedPort(this.driver, {
      ...this.#environment,
      lost: (why) => this.#lost.set(why, (this.#lost.get(why) ?? 0) + 1),
      idle: () => this.#unwrap(),
    });
    this.port = impaired;
    if (this.#receiver) impaired.attach(this.#receiver);
    return impaired;
  }

  #unwrap(): void {
    this.#impaired = undefined;
    this.port = this.driver;
    if (this.#receiver) this.driver.attach(this.#receiver);
  }
}
