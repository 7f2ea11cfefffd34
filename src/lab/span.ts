import { EtherloomError } from '../errors.ts';

/** A time span: the sum of its members. */
export interface Span {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

/** The units in milliseconds. */
const units: Readonly<Record<keyof Span, number>> = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000, milliseconds: 1 };

/** Nanoseconds are the grid of all times: sums of them print as `0.3`, and not as `0.30000000000000004`. */
const perMillisecond = 1e6;

/** One nanosecond, in milliseconds. */
export const nanosecond = 1 / perMillisecond;

/** Returns the nearest time of the grid, in milliseconds. */
export function onGrid(milliseconds: number): number {
  return Math.round(milliseconds * perMillisecond) / perMillisecond;
}

/** Formats milliseconds with the useful number of digits. */
export function formatTime(milliseconds: number): string {
  return `${Number(milliseconds.toFixed(3))} ms`;
}

/** Returns the span in milliseconds. Throws EtherloomError('bad-option') if it is not valid. */
export function millisecondsOf(span: Span): number {
  const sum = typeof span === 'object' && (span as unknown) !== null ? sumOf(span) : undefined;
  if (sum !== undefined && Number.isFinite(sum) && sum >= 0) return onGrid(sum);
  const known = Object.keys(units).join(', ');
  throw new EtherloomError('bad-option', `not a time span: ${textOf(span)}; give one or more of: ${known}, as in { seconds: 5 }`);
}

/** Returns undefined if nothing is given; NaN if a unit is not known, or its amount is not a number. */
function sumOf(span: Span): number | undefined {
  let sum: number | undefined;
  for (const unit of Object.keys(span)) {
    const amount: unknown = span[unit as keyof Span];
    if (amount === undefined) continue;
    sum = (sum ?? 0) + (typeof amount === 'number' ? amount * (unitOf(unit) ?? NaN) : NaN);
  }
  return sum;
}

function unitOf(name: string): number | undefined {
  return Object.hasOwn(units, name) ? units[name as keyof Span] : undefined;
}

function textOf(span: unknown): string {
  return typeof span === 'object' && span !== null
    ? `{ ${Object.entries(span)
        .map((pair) => pair.join(': '))
        .join(', ')} }`
    : String(span);
}
