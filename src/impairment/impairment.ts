import { EtherloomError } from '../errors.ts';
import type { Random } from '../random.ts';

/**
 * A number, or a distribution from which a value is drawn for each frame: uniform within `mean` ± `spread`, or normal with a standard
 * deviation of a third of `spread`.
 */
export type Amount = number | { readonly mean: number; readonly spread: number; readonly distribution?: 'uniform' | 'normal' };

/**
 * The effect of a link on frames in one direction, in the terms of VDE's wirefilter. A missing field has no effect. Sizes are those of
 * frames.
 */
export interface Quality {
  /** The longest frame, in octets. */
  readonly mtu?: Amount;
  /** The share of lost frames, in percent. */
  readonly loss?: Amount;
  /** The mean number of frames lost in a row; 0 loses each frame independently. [E. N. Gilbert, 1960] */
  readonly lostburst?: Amount;
  /** The probability that a frame is duplicated, in percent; each further copy has the same probability. */
  readonly dup?: Amount;
  /** The most octets in transit at a time; further frames are lost. */
  readonly capacity?: Amount;
  /** The rate at which the sender puts frames on the link, in octets per second; further frames wait at the sender. */
  readonly speed?: Amount;
  /** The rate of the link, in octets per second. */
  readonly bandwidth?: Amount;
  /** The delay of a frame, in milliseconds. */
  readonly delay?: Amount;
  /** The mean number of flipped bits in 2^20 octets. */
  readonly noise?: Amount;
  /** True if frames keep their order. Default: true. */
  readonly fifo?: boolean;
}

/** A link that changes between several qualities at random. */
export interface Markov {
  /** At least one; the link starts in the first. */
  readonly nodes: readonly { readonly name?: string; readonly quality: Quality }[];
  /** The probability of each transition, in percent per draw. With the remaining probability, the state stays. */
  readonly edges: readonly { readonly from: number; readonly to: number; readonly percent: number }[];
  /** The time between draws, in milliseconds. Default: 100. */
  readonly time?: number;
  /** Called with the new state. */
  readonly changed?: (node: number) => void;
}

/** The reason why a link lost a frame. */
export type ImpairmentDrop =
  | 'mtu' // longer than the link carries
  | 'loss' // at random
  | 'capacity' // too many octets are in transit
  | 'cut' // the link was cut while the frame was in transit
  | 'full' // too many frames are in transit or held
  | 'filtered'; // by a filter

/** The words of a quality whose values are numbers. */
export const qualityWords = ['mtu', 'loss', 'lostburst', 'dup', 'capacity', 'speed', 'bandwidth', 'delay', 'noise'] as const;

/** A word of a quality whose value is a number. */
export type QualityWord = (typeof qualityWords)[number];

const percent: readonly QualityWord[] = ['loss', 'dup'];

/** Throws EtherloomError('bad-option') with the mistake, if there is one. */
export function checkQuality(quality: Quality): void {
  for (const word of qualityWords) {
    const amount = quality[word];
    if (amount === undefined) continue;
    const { mean, spread } = typeof amount === 'number' ? { mean: amount, spread: 0 } : amount;
    const most = percent.includes(word) ? 100 : Number.MAX_SAFE_INTEGER;
    if (!(mean >= 0 && mean <= most && spread >= 0 && spread <= most)) {
      throw new EtherloomError('bad-option', `${word} cannot be ${mean}${spread === 0 ? '' : ` ± ${spread}`}; use 0 to ${most}`);
    }
    if (word === 'dup' && mean === 100)
      throw new EtherloomError('bad-option', '`dup` cannot be 100: a frame would be repeated for ever; use less');
    if ((word === 'speed' || word === 'bandwidth') && mean === 0)
      throw new EtherloomError('bad-option', `${word} cannot be 0; leave it out for no limit`);
  }
}

/** Throws EtherloomError('bad-option') with the mistake, if there is one. */
export function checkMarkov({ nodes, edges, time = 100 }: Markov): void {
  const wrong = (what: string): EtherloomError => new EtherloomError('bad-option', `the Markov states are not valid: ${what}`);
  if (nodes.length === 0) throw wrong('there are none; give at least one');
  if (!(time > 0)) throw wrong(`they cannot be drawn every ${time} ms; use a time above 0`);
  for (const { quality } of nodes) checkQuality(quality);
  nodes.forEach((_, node) => {
    const leaving = edges.filter(({ from, to }) => from === node && to !== node);
    const sum = leaving.reduce((all, edge) => all + edge.percent, 0);
    if (sum > 100 || leaving.some((edge) => !(edge.percent >= 0)))
      throw wrong(`the edges from state ${node} have ${sum} % together; use 0 to 100`);
  });
  const stray = edges.find(({ from, to }) => nodes[from] === undefined || nodes[to] === undefined);
  if (stray) throw wrong(`there is no edge from ${stray.from} to ${stray.to}: number the states from 0 to ${nodes.length - 1}`);
}

/** Draws a value of an amount, at least 0. For a fixed amount, no random number is used. */
export function draw(amount: Amount, random: Random): number {
  if (typeof amount === 'number') return amount;
  const { mean, spread, distribution = 'uniform' } = amount;
  const deviation = distribution === 'uniform' ? (2 * chance(random) - 1) * spread : (normal(random) * spread) / 3;
  return Math.max(0, mean + deviation);
}

/** Returns a random number from 0 up to 1, exclusive. */
export function chance(random: Random): number {
  return random.uint32() / 0x1_0000_0000;
}

/** Draws from a normal distribution around 0 with deviation 1. [G. E. P. Box, M. E. Muller, 1958] */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - chance(random))) * Math.cos(2 * Math.PI * chance(random));
}
