import { EtherloomError } from '../errors.ts';
import { formatTime } from './span.ts';

/** An action on a network from outside: its time, the number of happenings of that instant before it, and its text. */
export interface Step {
  /** In milliseconds. */
  readonly time: number;
  readonly after: number;
  /** The text in the notation. */
  readonly text: string;
}

interface Writing {
  readonly time: number;
  readonly after: number;
  text: string;
}

/** The length, in characters, at which a record is given up: it would be useless, and fill the memory. */
const maxCharacters = 64 * 2 ** 20;

/** The actions on a network, until there are too many. */
export class RunRecord {
  readonly #most: number;
  #steps: Writing[] = [];
  #characters = 0;
  /** The time at which it was given up. */
  #end: number | undefined;

  constructor(most = maxCharacters) {
    this.#most = most;
  }

  /** Adds a step, whose text may change while it is performed. */
  add(step: Writing): Writing | undefined {
    if (this.#end !== undefined) return undefined;
    this.#characters += step.text.length;
    this.#steps.push(step);
    if (this.#characters <= this.#most) return step;
    this.#end = step.time;
    this.#steps = [];
    return undefined;
  }

  /** Returns all steps, in their order. Throws EtherloomError('bad-state') if there were too many. */
  steps(): readonly Step[] {
    if (this.#end === undefined) return this.#steps;
    throw new EtherloomError(
      'bad-state',
      `the record was given up at ${formatTime(this.#end)}: it has over ${this.#most} characters; record a shorter run`,
    );
  }
}
