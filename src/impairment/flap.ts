import type { Clock, Timer } from '../clock.ts';
import { EtherloomError } from '../errors.ts';

/** How something comes and goes, in milliseconds. */
export interface FlapTimes {
  readonly up: number;
  readonly down: number;
}

/**
 * Takes something away now, by `fail`, whose disposal gives it back, and again and again, until disposed: then it is there. Throws
 * EtherloomError('bad-option') when a time is not more than nothing.
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
