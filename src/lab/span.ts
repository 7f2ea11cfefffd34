import { EtherloomError } from '../errors.ts';

/** A time span: the sum of what is given. */
export interface Span {
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

/** The span in milliseconds. Throws EtherloomError('bad-option') when it is none. */
export function millisecondsOf(span: Span): number {
  const { minutes, seconds, milliseconds } = span;
  const sum = ((minutes ?? 0) * 60 + (seconds ?? 0)) * 1000 + (milliseconds ?? 0);
  if ((minutes ?? seconds ?? milliseconds) !== undefined && Number.isFinite(sum) && sum >= 0) return sum;
  throw new EtherloomError('bad-option', `not a time span: ${textOf(span)}; give minutes, seconds or milliseconds, as in { seconds: 5 }`);
}

function textOf(span: unknown): string {
  return typeof span === 'object' && span !== null
    ? `{ ${Object.entries(span)
        .map((pair) => pair.join(': '))
        .join(', ')} }`
    : String(span);
}
