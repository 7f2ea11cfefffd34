import { EtherloomError } from '../errors.ts';
import { isYes } from './goals.ts';
import type { Network } from './network.ts';
import { formatTime } from './span.ts';

/** The conditions that hold in each scenario, and in some. */
export interface Watch {
  /**
   * Adds a condition that is checked after each instant with a happening, and when all is over. If it returns anything but true, or throws,
   * the scenario has failed. The report contains its name, by default its text.
   */
  readonly always: (isSo: () => unknown, name?: string) => void;
  /**
   * Adds a condition that is checked likewise. If it is true in no scenario, that is a failure: the other conditions then prove less than they seem
   * to.
   */
  readonly sometimes: (isSo: () => unknown, name?: string) => void;
}

type Property = readonly [name: string, isSo: () => unknown];

/** The conditions that were true in any scenario so far. */
export class Sightings {
  readonly #seen = new Map<string, boolean>();

  /** The conditions that were true in no scenario. */
  get unseen(): readonly string[] {
    return [...this.#seen].flatMap(([name, seen]) => (seen ? [] : [name]));
  }

  /** Returns whether it was true. */
  has(name: string): boolean {
    return this.#seen.get(name) === true;
  }

  /** Notes that a condition is wanted, or was true. */
  note(name: string, seen: boolean): void {
    this.#seen.set(name, seen || this.has(name));
  }
}

/** Watches one network. */
export class Watcher implements Watch {
  readonly #net: Network;
  readonly #sightings: Sightings;
  readonly #invariants: Property[] = [];
  #wanted: Property[] = [];

  constructor(net: Network, sightings: Sightings) {
    this.#net = net;
    this.#sightings = sightings;
  }

  /** True if there is any condition. */
  get isOfUse(): boolean {
    return this.#invariants.length + this.#wanted.length > 0;
  }

  readonly always = (isSo: () => unknown, name = String(isSo)): void => {
    checkFunction(isSo);
    this.#invariants.push([name, isSo]);
  };

  readonly sometimes = (isSo: () => unknown, name = String(isSo)): void => {
    checkFunction(isSo);
    this.#sightings.note(name, false);
    this.#wanted.push([name, isSo]);
  };

  /** Checks the conditions. Throws an Error if one that should always hold does not. */
  readonly look = (): void => {
    for (const [name, isSo] of this.#invariants) {
      const when = `at ${formatTime(this.#net.now)}`;
      let answer: unknown;
      try {
        answer = isSo();
      } catch (cause) {
        throw new Error(`${when} this was not so: ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
      if (answer !== undefined && !isYes('a condition of always', answer)) throw new Error(`${when} this was not so: ${name}`);
    }
    this.#wanted = this.#wanted.filter(([name, isSo]) => {
      if (!this.#sightings.has(name)) this.#sightings.note(name, isYes('a condition of sometimes', isSo()));
      return !this.#sightings.has(name);
    });
  };
}

function checkFunction(isSo: unknown): void {
  if (typeof isSo !== 'function')
    throw new EtherloomError('bad-option', `cannot look at ${String(isSo)}; give a function that returns true or false`);
}
