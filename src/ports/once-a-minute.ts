import type { Clock } from '../clock.ts';
import type { LogFields } from '../log.ts';

/** What a line tells beside its text. */
export interface RepeatedLine {
  readonly fields?: LogFields;
  /** Lines with one key are repetitions of each other. Default: all lines are. */
  readonly key?: string;
}

/** What was held back for a key since its last line. */
interface Repeated {
  count: number;
  message: string;
  fields: LogFields | undefined;
}

const minute = 60_000;

/** Beyond so many keys at a time, new ones count as one: what the outside chooses must not take memory without end. */
const mostKeys = 256;

/**
 * Says lines at most once a minute for each key: the first at once. Of those that follow, the last is said when the minute is over, with
 * their count; then the next minute begins.
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
