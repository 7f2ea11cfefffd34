import { EtherloomError } from '../errors.ts';
import type { RunView, ViewFault, ViewFrame, ViewNode, ViewNote } from '../page/page.ts';
import { summarize } from '../wire/summary.ts';
import type { FaultSpan } from './fault-log.ts';
import type { Network } from './network.ts';
import { checkCount } from './numbers.ts';
import { formatTime, millisecondsOf, type Span } from './span.ts';
import type { Hop } from './trace.ts';
import { columnsOf, nodeOf } from './view-columns.ts';
import { checkOptions, parseNames, type Wording } from './words.ts';

/** The part of a run for a view. */
export interface ViewOptions {
  /** The beginning of the view, counted from the start of the run. Default: that of the remembered part. */
  readonly from?: Span;
  /** The end. */
  readonly to?: Span;
  /** The names of nodes: frames from or to one of them. Default: all. */
  readonly nodes?: readonly string[];
  /** The most frames to show: the last ones, up to 100,000. Default: 20,000. */
  readonly frames?: number;
  /** The title of the run. Default: `a run`. */
  readonly title?: string;
}

const defaultFrames = 20_000;
const mostFrames = 100_000;
const mostNotes = 5_000;
const mostFaults = 2_000;

/**
 * Returns the remembered part of a network's run, as data for a page: nodes, frames with their content and fate, faults, and the notes of
 * programs. Throws EtherloomError('bad-option') if a node is not known.
 */
export function viewOf(net: Network, options: ViewOptions = {}): RunView {
  checkOptions(options, viewWords);
  const { frames: most = defaultFrames, title = 'a run' } = options;
  checkCount('the number of frames of a view', most, 1, mostFrames);
  return new Viewer(net, options, most).view(title);
}

class Viewer {
  readonly #net: Network;
  readonly #from: number;
  readonly #to: number;
  readonly #chosen: ReadonlySet<string>;
  readonly #hops: readonly Hop[];
  readonly #nodes: readonly ViewNode[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #omissions: string[] = [];
  /** Texts by frame, so that a frame on several links is summarised once. */
  readonly #texts = new Map<Uint8Array, string>();

  constructor(net: Network, { from, to, nodes = [] }: ViewOptions, most: number) {
    const { trace } = net.fabric;
    this.#net = net;
    this.#from = from ? millisecondsOf(from) : 0;
    this.#to = to ? millisecondsOf(to) : Infinity;
    this.#chosen = new Set(nodes);
    if (trace.gap !== undefined) this.#omissions.push(trace.gap);
    const ports = new Set<string>();
    this.#hops = this.#lastOf(trace.hops(), most, ports);
    const all = columnsOf(net, ports);
    for (const name of nodes) checkNode(name, all);
    const seen = new Set([...nodes, ...this.#hops.flatMap(({ lane }) => [nodeOf(lane.source), nodeOf(lane.target)])]);
    this.#nodes = nodes.length === 0 ? all : all.filter(({ name }) => seen.has(name));
    this.#places = new Map(this.#nodes.map(({ name }, place) => [name, place]));
  }

  view(title: string): RunView {
    const { faults, seed, timeline } = this.#net.fabric;
    this.#omit(faults.forgotten, 'earlier faults are forgotten');
    return {
      title,
      facts: [`seed ${seed}`, `ended at ${formatTime(timeline.now)}`],
      nodes: this.#nodes,
      frames: this.#hops.map((hop) => this.#frame(hop)),
      faults: this.#last(this.#faults(), mostFaults, 'earlier faults are left out'),
      notes: this.#last(this.#notes(), mostNotes, 'earlier lines of programs are left out'),
      omissions: this.#omissions,
    };
  }

  /** Returns the last selected hops. The ports of all are added to `ports`. */
  #lastOf(hops: Iterable<Hop>, most: number, ports: Set<string>): Hop[] {
    let [wanted, others] = [0, 0];
    let last: Hop[] = [];
    for (const hop of hops) {
      const { source, target } = hop.lane;
      ports.add(source).add(target);
      if (!this.#isInSpan(hop.time) || !(this.#isWanted(nodeOf(source)) || this.#isWanted(nodeOf(target)))) {
        others++;
        continue;
      }
      wanted++;
      last.push(hop);
      // So a history of a million frames takes no more memory.
      if (last.length > 2 * most) last = last.slice(-most);
    }
    this.#omit(others, 'frames are outside the span or the nodes that were chosen');
    this.#omit(wanted - most, 'frames that came earlier are left out');
    return last.slice(-most);
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

  /** Returns the faults of the span; if nodes were chosen, those that concern one of the view. */
  #faults(): ViewFault[] {
    const spans = this.#net.fabric.faults.spans.filter(
      ({ begins, ends }) => begins.time <= this.#to && (ends?.time ?? Infinity) >= this.#from,
    );
    return spans.map((span) => this.#fault(span)).filter(({ groups }) => this.#chosen.size === 0 || groups.length > 0);
  }

  #fault({ name, text, begins, ends }: FaultSpan): ViewFault {
    const [kind = '', ...words] = text.split(' ');
    return { name, text, kind, begins, ...(ends && { ends }), groups: this.#groupsOf(kind, words) };
  }

  /**
   * Returns the nodes in a fault's words: the groups of a partition, the two ends of a link, a node, or the switch of a server's number.
   */
  #groupsOf(kind: string, words: readonly string[]): number[][] {
    const [what = ''] = words;
    const link = this.#net.links.find(({ name }) => name === what);
    const node = kind === 'full-disk' ? (this.#net.servers[Number(what) - 1]?.at.name ?? what) : what;
    const names = kind.startsWith('partition') ? words.map(parseNames) : (link?.ends.map(({ owner }) => [owner.name]) ?? [[node]]);
    return names.map((group) => group.flatMap((name) => this.#places.get(name) ?? [])).filter((group) => group.length > 0);
  }

  #notes(): ViewNote[] {
    return this.#net.hosts
      .flatMap(({ name, log }) => {
        const node = this.#places.get(name);
        return node === undefined ? [] : log.map(({ time, text }) => ({ time, node, text }));
      })
      .filter(({ time }) => this.#isInSpan(time))
      .sort((a, b) => a.time - b.time);
  }

  /** Returns the last ones, and notes the number of others. */
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

  #isWanted(node: string): boolean {
    return this.#chosen.size === 0 || this.#chosen.has(node);
  }
}

function checkNode(name: string, nodes: readonly ViewNode[]): void {
  if (nodes.some((node) => node.name === name)) return;
  throw new EtherloomError('bad-option', `there is no node ${name} in this run; use some of: ${nodes.map((node) => node.name).join(', ')}`);
}

/** The options of a view of a run. */
export const viewWords = {
  from: 'options',
  to: 'options',
  nodes: 'texts',
  frames: 'number',
  title: 'text',
} as const satisfies Wording<ViewOptions>;
