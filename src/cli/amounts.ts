/** Amounts in few characters, for tables. */

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Returns a time in seconds by its largest unit: `45 s`, `12 min`, `3 h`, `8 d`. */
export function shortTime(seconds: number): string {
  if (seconds < 2 * minute) return `${Math.floor(seconds)} s`;
  if (seconds < 2 * hour) return `${Math.floor(seconds / minute)} min`;
  if (seconds < 2 * day) return `${Math.floor(seconds / hour)} h`;
  return `${Math.floor(seconds / day)} d`;
}

const units = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** Returns a number with three digits and a decimal unit: `12`, `1.53k`, `204M`. */
export function shortNumber(number: number): string {
  let [value, unit] = [number, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  if (unit === 0) return String(Math.round(value));
  return `${value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)}${units[unit] ?? ''}`;
}

/** Returns a round trip in milliseconds: `0.21 ms`, `34 ms`. */
export function shortRoundTrip(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds >= 10 ? 0 : milliseconds >= 1 ? 1 : 2)} ms`;
}

const seconds: Readonly<Record<string, number>> = { s: 1, m: minute, h: hour, d: day };

/** Parses a duration, as 90s, 30m, 2h or 7d. Returns its seconds; undefined for any other text, and for 0. */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(text);
  return match ? Number(match[1]) * (seconds[match[2] ?? ''] ?? NaN) : undefined;
}
