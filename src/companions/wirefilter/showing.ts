import type { QualityWord } from '../../impairment/impairment.ts';
import type { Filter } from './filter.ts';
import { smallest } from './filter.ts';
import { formatNumber, formatSpread, ways, type Way } from './value.ts';

/** A filter, with the facts about its sides that are shown. */
export interface Shown {
  readonly filter: Filter;
  /** True if it carries frames in both directions. */
  readonly both: boolean;
  /** Returns the number of frames that the ports of a direction dropped. */
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

/** Returns the values of a node, and the frames in transit, as lines. */
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

/** Formats a node and the range of nodes: `Node 1 "bad link" (0,..,2)`. */
export function node({ nodes }: Filter, number: number): string {
  return `Node ${number} "${nodes[number]?.name ?? ''}" (0,..,${nodes.length - 1})`;
}

/** Returns lines with the transitions from a node. */
export function edges(filter: Filter, from: number): string[] {
  const lines: string[] = [];
  filter.nodes.forEach(({ name }, to) => {
    const percent = filter.edge(from, to);
    if (percent === 0) return;
    const [a, b] = [String(from).padEnd(2), String(to).padEnd(2)];
    // The original has this spelling.
    lines.push(`Edge ${a}->${b} "${filter.nodes[from]?.name ?? ''}"->"${name}" weigth ${formatNumber(percent)}`);
  });
  return lines;
}

/** Formats the event for a change of the node. */
export function change({ nodes }: Filter, now: number, before: number): string {
  return `38${String(now).padStart(2, '0')} Node ${before} "${nodes[before]?.name ?? ''}" -> ${now} "${nodes[now]?.name ?? ''}"`;
}

/** Returns the numbers of lost frames by direction and reason. */
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
