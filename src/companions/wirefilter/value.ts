import { factors } from '../../impairment/impairment-text.ts';
import type { Amount } from '../../impairment/impairment.ts';

/** The direction of frames: from the left side to the right (LR), or from right to left (RL). */
export type Way = 'LR' | 'RL';

/** Both directions. */
export const ways: readonly Way[] = ['LR', 'RL'];

/** An amount with all its fields. */
export type Spread = Required<Exclude<Amount, number>>;

/** The value of an option or a command: an amount, for one direction or both, in one of the Markov nodes. */
export interface Value {
  readonly ways: readonly Way[];
  readonly node: number;
  readonly amount: Spread;
}

const number = String.raw`\+?(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)`;
const syntax = new RegExp(
  String.raw`^\s*(?<way>LR|RL)?\s*(?<mean>${number})(?:(?<own>[kmg])?\+(?<spread>${number}))?(?<rest>[^[+]*)(?:\[\s*(?<node>\d+)\s*\](?<more>[^[]*))?$`,
  'i',
);

/**
 * Parses `[LR|RL]V[+P][k|m|g][u|n][[NODE]]`. As in the original, only letters at the end count: `100ms` is 100. A factor applies to both
 * numbers, unless the first has its own. Returns undefined if there is no number, or a negative one.
 */
export function parseValue(text: string): Value | undefined {
  const groups = syntax.exec(text)?.groups;
  if (!groups) return undefined;
  const { way, mean = '', own, spread = '0', rest = '', node = '0', more = '' } = groups;
  // The regular expression ignores case, but these letters must be capitals.
  if (way !== undefined && way !== 'LR' && way !== 'RL') return undefined;
  const [, letter = '', distribution = ''] = /([kmg]?)([un]?)$/i.exec(rest + more) ?? [];
  const factor = factors[letter.toLowerCase()] ?? 1;
  const amount: Spread = {
    mean: valueOf(mean) * (own === undefined ? factor : (factors[own.toLowerCase()] ?? 1)),
    spread: valueOf(spread) * factor,
    distribution: distribution.toLowerCase() === 'n' ? 'normal' : 'uniform',
  };
  if (!Number.isFinite(amount.mean) || !Number.isFinite(amount.spread)) return undefined;
  return { ways: way === undefined ? ways : [way], node: Number(node), amount };
}

/** Formats a number like `%g` in C, with six significant digits: `1.04858e+07`. [printf(3)] */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const [digits = '', exponent] = value.toExponential(5).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return withoutZeros(value.toFixed(5 - power));
  const size = String(Math.abs(power)).padStart(2, '0');
  return `${withoutZeros(digits)}e${power < 0 ? '-' : '+'}${size}`;
}

/** Formats an amount as the console shows it: `5+2N`. */
export function formatSpread({ mean, spread, distribution }: Spread): string {
  return `${formatNumber(mean)}+${formatNumber(spread)}${distribution === 'normal' ? 'N' : 'U'}`;
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function valueOf(text: string): number {
  return Number(text.replace(/^\+/, ''));
}
