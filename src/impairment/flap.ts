import type { Clock, Timer } from '../clock.ts';
import { EtherloomError } from '../errors.ts';

/** How long something is alternately present and absent, in milliseconds. */
export interface FlapTimes {
  readonly up: number;
  readonly down: number;
}

/**
 * Calls `fail` at once, which removes something, and disposes its result to restore it. Repeats this until disposed; then the thing is
 * present. Throws EtherloomError('bad-option') if a time is not positive.
 */
export function flap(clock: Clock, { up, down }: FlapTimes, fail: () => Disposable): Disposable {
  if (!(up > 0 && down > 0))
    throw new EtherloomError(
      'bad-option',
      `the times up and down of a flap must be above 0 ms, not ${up} and ${down} ms; give longer times`,
    );
  let failure: Disposable | undefined;
  let timer: Timer;
  const turn = (): void => {
    timer = clock.after(failure ? up : down, turn);
    if (failure) failure[Symbol.dispose]();
    failure = failure ? undefined : fail();
  };
  turn();
  return {
    [Symbol.dispose]: () => {
      timer[Symbol.dispose]();
      failure?.[Symbol.dispose]();
    },
  };
}
