import { EtherloomError } from '../errors.ts';
import type { Random } from '../random.ts';

/** A number, or one that is drawn anew for each frame: within `mean` ± `spread` evenly, or normally with a third of that as deviation. */
export type Amount = number | { readonly mean: number; readonly spread: number; readonly distribution?: 'uniform' | 'normal' };

/** What a link does to frames one way, in the words of VDE's wirefilter. What is left out does nothing. Sizes are those of frames. */
export interface Quality {
  /** The longest frame, in octets. */
  readonly mtu?: Amount;
  /** How many frames are lost, in percent. */
  readonly loss?: Amount;
  /** How many are lost in a row, on average; 0 is by lot. [E. N. Gilbert, 1960] */
  readonly lostburst?: Amount;
  /** How likely a frame comes twice, in percent; once more is as likely again. */
  readonly dup?: Amount;
  /** How many octets may be on their way at once; what is more is lost. */
  readonly capacity?: Amount;
  /** How fast the sender puts frames on the link, in octets per second; others wait before it. */
  readonly speed?: Amount;
  /** How fast the link is, in octets per second. */
  readonly bandwidth?: Amount;
  /** How long a frame takes, in milliseconds. */
  readonly delay?: Amount;
  /** How many bits are flipped in 2^20 octets. */
  readonly noise?: Amount;
  /** Whether frames stay in their order. Default: true. */
  readonly fifo?: boolean;
}

/** A link that changes between several qualities by lot. */
export interface Markov {
  /** One at least; the first one is where it begins. */
  readonly nodes: readonly { readonly name?: string; readonly quality: Quality }[];
  /** How likely each change is, in percent of the times that it is drawn; with the rest it stays. */
  readonly edges: readonly { readonly from: number; readonly to: number; readonly percent: number }[];
  /** How often it is drawn, in milliseconds. Default: 100. */
  readonly time?: number;
  /** Is told where it is now. */
  readonly changed?: (node: number) => void;
}

/** Why a link lost a frame. */
export type ImpairmentDrop =
  | 'mtu' // longer than the link carries
  | 'loss' // by lot
  | 'capacity' // more octets than the link holds are on their way
  | 'cut' // the link was cut while it was on its way
  | 'full' // more frames than are ever kept are on their way, or held back
  | 'filtered'; // it is one of those that shall be lost

/** The words of a quality, and what their numbers may be. */
export const qualityWords = ['mtu', 'loss', 'lostburst', 'dup', 'capacity', 'speed', 'bandwidth', 'delay', 'noise'] as const;

/** One of them. */
export type QualityWord = (typeof qualityWords)[number];

const percent: readonly QualityWord[] = ['loss', 'dup'];

/** Throws EtherloomError('bad-option') that says what is wrong with it. */
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

/** Throws EtherloomError('bad-option') that says what is wrong with it. */
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

/** What an amount is this time; at least 0. One that is no amount draws nothing. */
export function draw(amount: Amount, random: Random): number {
  if (typeof amount === 'number') return amount;
  const { mean, spread, distribution = 'uniform' } = amount;
  const deviation = distribution === 'uniform' ? (2 * chance(random) - 1) * spread : (normal(random) * spread) / 3;
  return Math.max(0, mean + deviation);
}

/** From 0 to 1, and never 1. */
export function chance(random: Random): number {
  return random.uint32() / 0x1_0000_0000;
}

/** Of a normal distribution around 0 with deviation 1. [G. E. P. Box, M. E. Muller, 1958] */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - chance(random))) * Math.cos(2 * Math.PI * chance(random));
}
