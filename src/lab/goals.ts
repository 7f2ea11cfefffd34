import { nextTurn } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import { isThenable } from './timeline.ts';

/**
 * Returns the condition until which time passes. Throws EtherloomError('bad-option') if it is not a function, or if it returns a promise.
 */
export function conditionOf(what: unknown): () => boolean {
  if (typeof what !== 'function')
    throw new EtherloomError('bad-option', `cannot run until ${String(what)}; give a function that returns true or false, or a promise`);
  const ask = what as () => unknown;
  return () => isYes('the condition', ask());
}

/** Returns whether a function's answer is true. Throws EtherloomError('bad-option') if it is a promise, which is always truthy. */
export function isYes(what: string, answer: unknown): boolean {
  if (isThenable(answer)) throw new EtherloomError('bad-option', `${what} is asynchronous: it returns a promise; return true or false`);
  return Boolean(answer);
}

/** A promise, and its state so far. */
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

  /** Observes a promise from now on. A settled promise is recognised at once. */
  static async of<T>(promise: PromiseLike<T>): Promise<Settling<T>> {
    const settling = new Settling(promise);
    await nextTurn();
    return settling;
  }

  /** True if it is settled. */
  get settled(): boolean {
    return this.#outcome !== undefined;
  }

  /** Returns the value that it resolved to. Throws the reason of a rejection. */
  outcome(): T | undefined {
    return this.#outcome?.();
  }
}
