import { EtherloomError } from '../errors.ts';
import type { RunView, ViewFault, ViewFrame, ViewNode, ViewNote } from '../page/page.ts';
import { summarize } from '../wire/summary.ts';
import type { FaultSpan } from './fault-log.ts';
import type { Network } from './network.ts';
import { checkCount } from './numbers.ts';
import { formatTime, millisecondsOf, type Span } from './span.ts';
import type { Hop } from './trace.ts';
import { columnsOf, nodeOf } from './view-columns.ts';
import { viewWords } from './vocabularies.ts';
import { checkOptions, parseNames } from './words.ts';

/** Which part of a run a view has. */
export interface ViewOptions {
  /** Since when, from the beginning of the run. Default: all that is remembered. */
  readonly from?: Span;
  /** Until when. */
  readonly to?: Span;
  /** The names of nodes: frames that leave or reach one of them. Default: all. */
  readonly nodes?: readonly string[];
  /** How many frames it has at most, the last ones; up to 100,000. Default: 20,000. */
  readonly frames?: number;
  /** What the run is about. Default: `a run`. */
  readonly title?: string;
}

const defaultFrames = 20_000;
const mostFrames = 100_000;
const mostNotes = 5_000;
const mostFaults = 2_000;

/**
 * What the network remembers of its run, as data, for a page: nodes, frames with what they say and what became of them, faults, and what programs noted.
 * Throws EtherloomError('bad-option') when a node is not known.
 */
export function viewOf(net: Network, options: ViewOptions = {}): RunView {
  checkOptions(options, viewWords);
  const { frames: most = defaultFrames, title = 'a run' } = options;
  checkCount('the number of frames of a view', most, 1, mostFrames);
  return new Viewer(net, options).view(title, most);
}

class Viewer {
  readonly #net: Network;
  readonly #from: number;
  readonly #to: number;
  readonly #hops: readonly Hop[];
  readonly #nodes: readonly ViewNode[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #omissions: string[] = [];
  /** A frame that crosses several links is summed up once. */
  readonly #texts = new Map<Uint8Array, string>();

  constructor(net: Network, { from, to, nodes = [] }: ViewOptions) {
    const { trace } = net.fabric;
    this.#net = net;
    this.#from = from ? millisecondsOf(from) : 0;
    this.#to = to ? millisecondsOf(to) : Infinity;
    const hops = [...trace.hops()];
    this.#nodes = columnsOf(net, hops);
    this.#places = new Map(this.#nodes.map(({ name }, place) => [name, place]));
    for (const name of nodes) this.#checkNode(name);
    const chosen = new Set(nodes);
    const isChosen = ({ lane }: Hop): boolean => chosen.size === 0 || chosen.has(nodeOf(lane.source)) || chosen.has(nodeOf(lane.target));
    this.#hops = hops.filter((hop) => this.#isInSpan(hop.time) && isChosen(hop));
    if (trace.gap !== undefined) this.#omissions.push(trace.gap);
    this.#omit(hops.length - this.#hops.length, 'frames are outside the span or the nodes that were chosen');
  }

  view(title: string, most: number): RunView {
    const frames = this.#last(this.#hops, most, 'frames that came earlier are left out').map((hop) => this.#frame(hop));
    const { faults, seed, timeline } = this.#net.fabric;
    const spans = faults.spans.filter(({ begins, ends }) => begins.time <= this.#to && (ends?.time ?? Infinity) >= this.#from);
    this.#omit(faults.forgotten, 'earlier faults are forgotten');
    return {
      title,
      facts: [`seed ${seed}`, `ended at ${formatTime(timeline.now)}`],
      nodes: this.#nodes,
      frames,
      faults: this.#last(spans, mostFaults, 'earlier faults are left out').map((span) => this.#fault(span)),
      notes: this.#last(this.#notes(), mostNotes, 'earlier lines of programs are left out'),
      omissions: this.#omissions,
    };
  }

  #frame({ number, time, lane: { source, target }, frame, fate, cause }: Hop): ViewFrame {
    const [from, to] = [this.#places.get(nodeOf(source)) ?? 0, this.#places.get(nodeOf(target)) ?? 0];
    const octets = frame.length;
    return { number, time, from, to, source, target, octets, text: this.#textOf(frame), fate, ...(cause !== undefined && { cause }) };
  }

  #textOf(frame: Uint8Array): string {
    const known = this.#texts.get(frame);
    if (known !== undefined) return known;
    const text = summarize(frame);
    this.#texts.set(frame, text);
    return text;
  }

  #fault({ name, text, begins, ends }: FaultSpan): ViewFault {
    const [kind = '', ...words] = text.split(' ');
    const groups = this.#groupsOf(kind, words);
    return { name, text, kind, begins, ...(ends && { ends }), groups };
  }

  /** The nodes that a fault's words name: the groups of a partition, the two ends of a link, a node, the switch of a server's number. */
  #groupsOf(kind: string, words: readonly string[]): number[][] {
    const [what = ''] = words;
    const link = this.#net.links.find(({ name }) => name === what);
    const node = kind === 'full-disk' ? (this.#net.servers[Number(what) - 1]?.at.name ?? what) : what;
    const names = kind.startsWith('partition') ? words.map(parseNames) : (link?.ends.map(({ owner }) => [owner.name]) ?? [[node]]);
    return names.map((group) => group.flatMap((name) => this.#places.get(name) ?? [])).filter((group) => group.length > 0);
  }

  #notes(): ViewNote[] {
    return this.#net.hosts
      .flatMap(({ name, log }) => log.map(({ time, text }) => ({ time, node: this.#places.get(name) ?? 0, text })))
      .filter(({ time }) => this.#isInSpan(time))
      .sort((a, b) => a.time - b.time);
  }

  /** The last ones, and a word about the others. */
  #last<T>(all: readonly T[], most: number, what: string): readonly T[] {
    this.#omit(all.length - most, what);
    return all.slice(-most);
  }

  #omit(count: number, what: string): void {
    if (count > 0) this.#omissions.push(`${count} ${what}`);
  }

  #isInSpan(time: number): boolean {
    return time >= this.#from && time <= this.#to;
  }

  #checkNode(name: string): void {
    if (this.#places.has(name)) return;
    throw new EtherloomError('bad-option', `there is no node ${name} in this run; use some of: ${[...this.#places.keys()].join(', ')}`);
  }
}
