import type { QualityWord } from '../../impairment/impairment.ts';
import type { Filter } from './filter.ts';
import { smallest } from './filter.ts';
import { formatNumber, formatSpread, ways, type Way } from './value.ts';

/** What is shown of a filter. */
export interface Shown {
  readonly filter: Filter;
  /** Whether frames go both ways. */
  readonly both: boolean;
  /** How many frames the ports of that way did not carry. */
  readonly undelivered: (way: Way) => number;
}

const labels: readonly (readonly [QualityWord, string])[] = [
  ['loss', 'Loss  '],
  ['lostburst', 'Lburst'],
  ['delay', 'Delay '],
  ['dup', 'Dup   '],
  ['bandwidth', 'Bandw '],
  ['speed', 'Speed '],
  ['noise', 'Noise '],
  ['mtu', 'MTU   '],
  ['capacity', 'Cap.  '],
];

/** The values of a node, and what is on its way, line by line. */
export function parameters({ filter, both }: Shown, asked: number): string[] {
  const queued = (way: Way): string => String(filter.waiting(way).octets);
  return [
    `WireFilter: ${both ? 'bidirectional' : 'monodirectional'}`,
    ...(filter.nodes.length > 1 ? [`${node(filter, asked)} Markov-time ${formatNumber(filter.time)}`] : []),
    ...labels.map(([word, label]) => `${label} ${amount(filter, both, word, asked)}`),
    `Current Delay Queue size:   ${both ? `L->R ${queued('LR')}      R->L ${queued('RL')}   ` : queued('LR')}`,
    `Fifoness ${filter.fifo ? 'TRUE' : 'FALSE'}`,
    `Waiting packets in delay queues ${filter.waiting('LR').frames + filter.waiting('RL').frames}`,
  ];
}

/** A node and how many there are: `Node 1 "bad link" (0,..,2)`. */
export function node({ nodes }: Filter, number: number): string {
  return `Node ${number} "${nodes[number]?.name ?? ''}" (0,..,${nodes.length - 1})`;
}

/** What follows a node. */
export function edges(filter: Filter, from: number): string[] {
  const lines: string[] = [];
  filter.nodes.forEach(({ name }, to) => {
    const percent = filter.edge(from, to);
    if (percent === 0) return;
    const [a, b] = [String(from).padEnd(2), String(to).padEnd(2)];
    // So the original spells it.
    lines.push(`Edge ${a}->${b} "${filter.nodes[from]?.name ?? ''}"->"${name}" weigth ${formatNumber(percent)}`);
  });
  return lines;
}

/** What is told when another node rules. */
export function change({ nodes }: Filter, now: number, before: number): string {
  return `38${String(now).padStart(2, '0')} Node ${before} "${nodes[before]?.name ?? ''}" -> ${now} "${nodes[now]?.name ?? ''}"`;
}

/** How many frames were lost each way, by why. */
export function drops({ filter, both, undelivered }: Shown): string[] {
  const reasons = ['mtu', 'loss', 'capacity', 'full'] as const;
  const line = (why: string, count: (way: Way) => number): string => {
    const shown = both ? ways.map((way) => `${way === 'LR' ? 'L->R' : 'R->L'} ${count(way)}`).join('   ') : String(count('LR'));
    return `${why.padEnd(9)} ${shown}`;
  };
  return [...reasons.map((why) => line(why, (way) => filter.lost[way].get(why) ?? 0)), line('port', undelivered)];
}

function amount(filter: Filter, both: boolean, word: QualityWord, asked: number): string {
  const shown = (way: Way): string => {
    const spread = filter.amount(word, way, asked);
    return word === 'mtu' ? formatNumber(smallest(spread)) : formatSpread(spread);
  };
  if (!both) return shown('LR');
  return word === 'mtu' ? `L->R ${shown('LR')}     R->L ${shown('RL')}   ` : `L->R ${shown('LR')}   R->L ${shown('RL')}`;
}
