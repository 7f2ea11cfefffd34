import { EtherloomError } from '../errors.ts';
import { checkMarkov, checkQuality, qualityWords, type Amount, type Markov, type Quality, type QualityWord } from './impairment.ts';

/*
 * A quality in one line, in the style of wirefilter's options: `loss 5, delay 20+5n, bandwidth 1m, fifo 0`. A value is V[+P][k|m|g][u|n]:
 * the mean, its variation, a factor of 2^10, 2^20 or 2^30 for both, and the distribution, uniform (u) or normal (n).
 */

/** The factors by the letters that mean them. */
export const factors: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
const otherNames: Readonly<Record<string, QualityWord>> = { chanbufsize: 'capacity', band: 'bandwidth' };

/** Parses an amount like `20+5kn`. Returns undefined for any other text. */
export function parseAmount(text: string): Amount | undefined {
  const [whole, mean = '', spread, factor = '', distribution] = /^(\d+(?:\.\d+)?)(?:\+(\d+(?:\.\d+)?))?([kmg]?)([un]?)$/i.exec(text) ?? [];
  const times = factors[factor.toLowerCase()];
  if (whole === undefined || times === undefined) return undefined;
  if (spread === undefined) return Number(mean) * times;
  const even = distribution?.toLowerCase() !== 'n';
  return { mean: Number(mean) * times, spread: Number(spread) * times, distribution: even ? 'uniform' : 'normal' };
}

/** Formats an amount as `parseAmount` reads it. */
export function formatAmount(amount: Amount): string {
  if (typeof amount === 'number') return formatNumber(amount);
  return `${formatNumber(amount.mean)}+${formatNumber(amount.spread)}${amount.distribution === 'normal' ? 'n' : ''}`;
}

/** Formats a number below 10^21 without the exponent that JavaScript uses for small numbers: `1.5e-7` becomes `0.00000015`. */
function formatNumber(number: number): string {
  const [digits = '', exponent] = String(number).split('e-');
  return exponent === undefined ? digits : `0.${'0'.repeat(Number(exponent) - 1)}${digits.replace('.', '')}`;
}

/** Parses a quality. Throws EtherloomError('bad-option') with the invalid part and the known words. */
export function parseQuality(text: string): Quality {
  const quality: { -readonly [word in keyof Quality]: Quality[word] } = {};
  for (const part of text.split(',')) {
    const [name = '', value = '', ...rest] = part.trim().split(/\s+/);
    const word = otherNames[name] ?? name;
    if (Object.hasOwn(quality, word)) throw new EtherloomError('bad-option', `${word} is given twice; give it once`);
    if (word === 'fifo' && (value === '0' || value === '1')) {
      quality.fifo = value === '1';
      continue;
    }
    const known = qualityWords.find((one) => one === word);
    const amount = parseAmount(value);
    if (known === undefined || amount === undefined || rest.length > 0) throw unreadable(part.trim());
    quality[known] = amount;
  }
  checkQuality(quality);
  return quality;
}

/** Formats a quality as `parseQuality` reads it. */
export function formatQuality(quality: Quality): string {
  const parts = qualityWords.flatMap((word) => {
    const amount = quality[word];
    return amount === undefined ? [] : [`${word} ${formatAmount(amount)}`];
  });
  if (quality.fifo !== undefined) parts.push(`fifo ${quality.fifo ? 1 : 0}`);
  return parts.join(', ');
}

function unreadable(part: string): EtherloomError {
  const words = [...qualityWords, 'fifo'].join(', ');
  return new EtherloomError('bad-option', `"${part}" is not an impairment; write it as "loss 5, delay 20+5", with any of ${words}`);
}

/** Formats Markov states as `parseMarkov` reads them: `time 100; state good loss 0; state bad loss 50; edge 0,1,10; edge 1,0,20`. */
export function formatMarkov({ nodes, edges, time }: Markov): string {
  return [
    ...(time === undefined ? [] : [`time ${time}`]),
    ...nodes.map(({ name, quality }, at) => `state ${name ?? at} ${formatQuality(quality)}`.trim()),
    ...edges.map(({ from, to, percent }) => `edge ${from},${to},${percent}`),
  ].join('; ');
}

/** Parses Markov states. Throws EtherloomError('bad-option') with the invalid part. */
export function parseMarkov(text: string): Markov {
  const nodes: { name: string; quality: Quality }[] = [];
  const edges: { from: number; to: number; percent: number }[] = [];
  let time: number | undefined;
  for (const part of text.split(';').map((one) => one.trim())) {
    const [, keyword, rest = ''] = /^(time|state|edge) +(.*)$/.exec(part) ?? [];
    const [, name = '', quality = ''] = /^(\S+) *(.*)$/.exec(rest) ?? [];
    const numbers = rest.split(',').map(Number);
    const [from = NaN, to = NaN, percent = NaN] = numbers;
    if (keyword === 'state' && name !== '') nodes.push({ name, quality: quality === '' ? {} : parseQuality(quality) });
    else if (keyword === 'edge' && numbers.length === 3 && !numbers.some(Number.isNaN)) edges.push({ from, to, percent });
    else if (keyword === 'time' && numbers.length === 1 && from > 0) time = from;
    else
      throw new EtherloomError(
        'bad-option',
        `"${part}" does not describe Markov states; write "time MS", "state NAME QUALITY" or "edge FROM,TO,PERCENT"`,
      );
  }
  const markov = { nodes, edges, ...(time === undefined ? {} : { time }) };
  checkMarkov(markov);
  return markov;
}
