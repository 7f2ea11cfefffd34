import type { Clock, Timer } from '../clock.ts';
import { EtherloomError } from '../errors.ts';

/** How long something is present and absent in turn, in milliseconds. */
export interface FlapTimes {
  readonly up: number;
  readonly down: number;
}

/**
 * Removes something now, by `fail`, whose disposal restores it, and repeats that until disposed; then it is present. Throws
 * EtherloomError('bad-option') if a time is not positive.
 */
export function flap(clock: Clock, { up, down }: FlapTimes, fail: () => Disposable): Disposable {
  if (!(up > 0 && down > 0))
    throw new EtherloomError(
      'bad-option',
      `a flap must be up and down for more than 0 ms each, not ${up} and ${down} ms; give longer times`,
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
