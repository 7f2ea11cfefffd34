import { nextTurn } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import { isThenable } from './timeline.ts';

/** The condition until which time passes. Throws EtherloomError('bad-option') when it is none, and when it answers with a promise. */
export function conditionOf(what: unknown): () => boolean {
  if (typeof what !== 'function')
    throw new EtherloomError('bad-option', `cannot run until ${String(what)}; give a function that returns true or false, or a promise`);
  const ask = what as () => unknown;
  return () => isYes('the condition', ask());
}

/** Whether that is the answer of a function. Throws EtherloomError('bad-option') when it is a promise, which is true whatever comes of it. */
export function isYes(what: string, answer: unknown): boolean {
  if (isThenable(answer)) throw new EtherloomError('bad-option', `${what} is asynchronous: it returns a promise; return true or false`);
  return Boolean(answer);
}

/** A promise, and what has become of it so far. */
export class Settling<T> {
  #outcome: (() => T) | undefined;

  private constructor(promise: PromiseLike<T>) {
    promise.then(
      (value) => (this.#outcome = () => value),
      (error: unknown) => {
        this.#outcome = () => {
          throw error;
        };
      },
    );
  }

  /** Looks at it from now on. What is settled already is seen at once. */
  static async of<T>(promise: PromiseLike<T>): Promise<Settling<T>> {
    const settling = new Settling(promise);
    await nextTurn();
    return settling;
  }

  /** Whether it is settled. */
  get settled(): boolean {
    return this.#outcome !== undefined;
  }

  /** What it resolved with. Throws what it rejected with. */
  outcome(): T | undefined {
    return this.#outcome?.();
  }
}
