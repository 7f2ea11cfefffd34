import type { Clock } from '../clock.ts';

/** `run`, at most once a minute: for what is worth telling, but not each time. */
export function onceAMinute<Details extends unknown[]>(clock: Clock, run: (...details: Details) => void): (...details: Details) => void {
  let last = -Infinity;
  return (...details) => {
    if (clock.monotonic() - last < 60_000) return;
    last = clock.monotonic();
    run(...details);
  };
}
