import type { Clock } from '../clock.ts';
import type { LogFields } from '../log.ts';

/** The optional parts of a line. */
export interface RepeatedLine {
  readonly fields?: LogFields;
  /** Lines with one key are repetitions of each other. Default: all lines are. */
  readonly key?: string;
}

/** The lines held back for a key since its last logged line. */
interface Repeated {
  count: number;
  message: string;
  fields: LogFields | undefined;
}

const minute = 60_000;

/** The most keys at a time; further ones count as one. Keys chosen from outside must not take memory without limit. */
const mostKeys = 256;

/**
 * Returns a function that logs lines at most once a minute for each key: the first at once. When the minute is over, the last of the lines
 * that followed is logged, with their count; then the next minute begins.
 */
export function onceAMinute(
  clock: Clock,
  say: (message: string, fields?: LogFields) => void,
): (message: string, line?: RepeatedLine) => void {
  const repeated = new Map<string, Repeated>();
  const endMinute = (key: string, one: Repeated): void => {
    if (one.count === 0) {
      repeated.delete(key);
      return;
    }
    say(`${one.message} (${one.count} more in the last 60 s)`, { ...one.fields, repeated: one.count });
    one.count = 0;
    clock.after(minute, () => endMinute(key, one));
  };
  return (message, { fields, key: wanted = '' } = {}) => {
    const key = repeated.has(wanted) || repeated.size < mostKeys ? wanted : '';
    const known = repeated.get(key);
    if (known) {
      known.count++;
      Object.assign(known, { message, fields });
      return;
    }
    const first: Repeated = { count: 0, message, fields };
    repeated.set(key, first);
    say(message, fields);
    clock.after(minute, () => endMinute(key, first));
  };
}
