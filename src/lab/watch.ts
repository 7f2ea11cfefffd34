import { EtherloomError } from '../errors.ts';
import { isYes } from './goals.ts';
import type { Network } from './network.ts';
import { formatTime } from './span.ts';

/** What is so in each scenario, and what in some. */
export interface Watch {
  /**
   * Is looked at after each instant at which something happened, and when all is over. Where it returns anything but true, or throws, the scenario
   * has failed. By its name it is told; by default by its text.
   */
  readonly always: (isSo: () => unknown, name?: string) => void;
  /** Is looked at likewise; that no scenario saw it is a failure: then what the others show is less than it seems. */
  readonly sometimes: (isSo: () => unknown, name?: string) => void;
}

type Property = readonly [name: string, isSo: () => unknown];

/** What has come about in any scenario so far. */
export class Sightings {
  readonly #seen = new Map<string, boolean>();

  /** What no scenario saw. */
  get unseen(): readonly string[] {
    return [...this.#seen].flatMap(([name, seen]) => (seen ? [] : [name]));
  }

  /** Whether it was seen. */
  has(name: string): boolean {
    return this.#seen.get(name) === true;
  }

  /** It is wanted, or was seen. */
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

  /** Whether there is anything to be looked at. */
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

  /** Looks. Throws an Error when what should always be so is not. */
  readonly look = (): void => {
    for (const [name, isSo] of this.#invariants) {
      const when = `at ${formatTime(this.#net.now)}`;
      let answer: unknown;
      try {
        answer = isSo();
      } catch (cause) {
        throw new Error(`${when} this was not so: ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
      if (answer !== undefined && !isYes('what is always so', answer)) throw new Error(`${when} this was not so: ${name}`);
    }
    this.#wanted = this.#wanted.filter(([name, isSo]) => {
      if (!this.#sightings.has(name)) this.#sightings.note(name, isYes('what is sometimes so', isSo()));
      return !this.#sightings.has(name);
    });
  };
}

function checkFunction(isSo: unknown): void {
  if (typeof isSo !== 'function')
    throw new EtherloomError('bad-option', `cannot look at ${String(isSo)}; give a function that returns true or false`);
}
