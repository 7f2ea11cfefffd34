import { EtherloomError } from '../errors.ts';
import { formatTime } from './span.ts';

/** Something that was done to a network from outside: when, after how many happenings of that instant, and what. */
export interface Step {
  /** In milliseconds. */
  readonly time: number;
  readonly after: number;
  /** As the notation has it. */
  readonly text: string;
}

interface Writing {
  readonly time: number;
  readonly after: number;
  text: string;
}

/** A record of so many characters is no use any more: nobody reads it, and it would fill the memory. */
const maxCharacters = 64 * 2 ** 20;

/** What was done to a network, as long as there is not too much of it. */
export class RunRecord {
  readonly #most: number;
  #steps: Writing[] = [];
  #characters = 0;
  /** When it was given up. */
  #end: number | undefined;

  constructor(most = maxCharacters) {
    this.#most = most;
  }

  /** Adds a step, whose text may be changed as long as it is done. */
  add(step: Writing): Writing | undefined {
    if (this.#end !== undefined) return undefined;
    this.#characters += step.text.length;
    this.#steps.push(step);
    if (this.#characters <= this.#most) return step;
    this.#end = step.time;
    this.#steps = [];
    return undefined;
  }

  /** All steps, in their order. Throws EtherloomError('bad-state') when there were too many. */
  steps(): readonly Step[] {
    if (this.#end === undefined) return this.#steps;
    throw new EtherloomError(
      'bad-state',
      `the record was given up at ${formatTime(this.#end)}: it has over ${this.#most} characters; record a shorter run`,
    );
  }
}
