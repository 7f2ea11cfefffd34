import { isSound, type PortCondition } from './condition.ts';
import { ImpairedPort, type ImpairedPortEnvironment } from './impaired-port.ts';
import type { ImpairmentDrop } from './impairment.ts';
import type { Port, Receiver } from '../ports/port.ts';

/** The surroundings of a port at a switch. */
export type AttachedPortEnvironment = Pick<ImpairedPortEnvironment, 'clock' | 'random' | 'breath'>;

/**
 * A driver's port in its place at a switch. Nothing lies between the two while the port is sound: an `ImpairedPort` is put around the driver
 * when the port is to be down or impaired, and taken away again, while frames cross it.
 */
export class AttachedPort {
  readonly driver: Port;
  /** Takes the switch's frames: the driver itself, or the port around it. */
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

  /** Puts the port into another condition. */
  set condition(condition: PortCondition) {
    if (this.#impaired === undefined && isSound(condition)) return;
    this.#impaired ??= this.#wrap();
    this.#impaired.condition = condition;
  }

  /** Frames that did not cross it, by reason. Those that were lost on purpose are `impair-loss` and the like. */
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
