import { EtherloomError } from '../errors.ts';
import { flap, type FlapTimes } from '../impairment/flap.ts';
import { formatMarkov, formatQuality, parseMarkov, parseQuality } from '../impairment/impairment-text.ts';
import { qualityWords, type Markov, type Quality } from '../impairment/impairment.ts';
import type { Fabric } from './fabric.ts';
import { isYes } from './goals.ts';
import { checkNumber } from './numbers.ts';
import { LinkEnd, type LinkOwner, type Plug } from './link-end.ts';
import { checkOptions, formatLine, type Wording } from './words.ts';

/** The permanent properties of a link. */
export interface LinkOptions extends Omit<Quality, 'mtu' | 'delay'> {
  /** The delay of a frame, in milliseconds. Default: 0.05. */
  readonly latency?: number;
  /** The longest payload of a frame, in octets, without its header and a tag. Longer frames are lost. Default: 9,216. */
  readonly mtu?: number;
}

/** The direction that a fault affects. */
export interface Side {
  /** Only frames that this node sends; by default those of both sides. */
  readonly from?: LinkOwner;
}

const defaultLatency = 0.05;
const defaultMtu = 9216;

/** A cable between two nodes. Disposing the value that a fault returned ends the fault. */
export class Link implements Disposable {
  /** `s1-s2`; a second one between the same nodes is `s1-s2#2`. */
  readonly name: string;
  readonly ends: readonly [LinkEnd, LinkEnd];
  readonly #fabric: Fabric;
  readonly #cuts = new Set<object>();
  #mtu: number;

  constructor(name: string, [a, b]: readonly [Plug, Plug], options: LinkOptions, fabric: Fabric) {
    const { latency = defaultLatency, mtu = defaultMtu, ...quality } = options;
    checkLatency(latency);
    checkMtu(mtu);
    this.name = name;
    this.#fabric = fabric;
    this.#mtu = mtu;
    const ends: readonly [LinkEnd, LinkEnd] = [new LinkEnd(this, a, fabric), new LinkEnd(this, b, fabric)];
    this.ends = ends;
    ends[0].join(ends[1], latency);
    ends[1].join(ends[0], latency);
    if (qualityWords.some((word) => word in quality)) for (const end of ends) end.channel.add({ kind: 'quality', quality });
  }

  /** The delay of a frame, in milliseconds. A change never lets frames overtake others. */
  get latency(): number {
    return this.ends[0].latency;
  }

  set latency(milliseconds: number) {
    checkLatency(milliseconds);
    this.#fabric.act(
      () => `latency ${this.name} ${milliseconds}`,
      () => {
        for (const end of this.ends) end.latency = milliseconds;
      },
    );
  }

  /** The longest payload of a frame, in octets. */
  get mtu(): number {
    return this.#mtu;
  }

  set mtu(octets: number) {
    checkMtu(octets);
    this.#fabric.act(
      () => `mtu ${this.name} ${octets}`,
      () => (this.#mtu = octets),
    );
  }

  /** True if both ends have a carrier. */
  get up(): boolean {
    return this.#cuts.size === 0;
  }

  /** The number of frames on it. */
  get flying(): number {
    return this.ends[0].flying + this.ends[1].flying;
  }

  /** Removes the carrier until the cut is disposed; frames in transit are lost. Several cuts last until the last one is disposed. */
  cut(): Disposable {
    return this.#fabric.fault(
      () => `cut ${this.name}`,
      () => this.#cut(),
    );
  }

  /** Drops sent frames until disposed, without notice: the carrier stays. */
  silence(side: Side = {}): Disposable {
    return this.#affect(side, 'silence', ({ silences }) => {
      const silence = {};
      silences.add(silence);
      return { [Symbol.dispose]: () => void silences.delete(silence) };
    });
  }

  /**
   * Impairs it until disposed: loses, delays, repeats, reorders or corrupts frames, in the words of wirefilter, as a value or as text like
   * `loss 5, delay 20+5`. Several impairments apply in turn. Throws EtherloomError('bad-option') with the mistake.
   */
  impair(what: Quality | string, side: Side = {}): Disposable {
    const quality = typeof what === 'string' ? parseQuality(what) : what;
    checkOptions(quality, impairmentWords);
    return this.#affect(side, 'impair', ({ channel }) => channel.add({ kind: 'quality', quality }), formatQuality(quality));
  }

  /** Makes it change between qualities at random, in each direction separately, until disposed. */
  vary(how: Markov | string, side: Side = {}): Disposable {
    const markov = typeof how === 'string' ? parseMarkov(how) : how;
    return this.#affect(side, 'vary', ({ channel }) => channel.add({ kind: 'markov', markov }), formatMarkov(markov));
  }

  /** Holds frames back until disposed; then they go on, in their order. */
  hold(side: Side = {}): Disposable {
    return this.#affect(side, 'hold', ({ channel }) => channel.add({ kind: 'hold' }));
  }

  /** Drops matching frames until disposed. A function has no text, so a run with a filter cannot be repeated from a record. */
  filter(match: (frame: Uint8Array) => boolean, side: Side = {}): Disposable {
    const checked = (frame: Uint8Array): boolean => isYes('the match of a frame', match(frame));
    return this.#affect(side, 'filter', ({ channel }) => channel.add({ kind: 'filter', match: checked }));
  }

  /** Removes the carrier now, and repeatedly for `down` milliseconds after each `up`, until disposed. */
  flap(times: FlapTimes): Disposable {
    checkOptions(times, flapWords);
    const { up, down } = times;
    return this.#fabric.fault(
      () => `flap ${this.name} up ${up} down ${down}`,
      () => flap(this.#fabric.timeline, { up, down }, () => this.#cut()),
    );
  }

  /** Returns the end that is plugged into a node. Throws EtherloomError('bad-option') if there is none. */
  endOf(owner: LinkOwner): LinkEnd {
    const end = this.ends.find((one) => one.owner === owner);
    if (!end) throw new EtherloomError('bad-option', `the link ${this.name} has no end at ${owner.name}; name one of its two nodes`);
    return end;
  }

  /** Unplugs both ends for good. */
  [Symbol.dispose](): void {
    this.#change(() => this.#cuts.add(this));
    for (const end of this.ends) end.unplug();
  }

  #cut(): Disposable {
    const cut = {};
    this.#change(() => this.#cuts.add(cut));
    return { [Symbol.dispose]: () => this.#change(() => this.#cuts.delete(cut)) };
  }

  /** Begins a fault of the frames that one side sends, or both. */
  #affect(side: Side, word: string, begin: (end: LinkEnd) => Disposable, detail?: string): Disposable {
    checkOptions(side, sideWords);
    const { from } = side;
    const ends = from ? [this.endOf(from)] : this.ends;
    return this.#fabric.fault(
      () => formatLine(word, this.name, from && `from ${from.name}`, detail),
      () => together(ends.map(begin)),
    );
  }

  #change(change: () => void): void {
    const before = this.up;
    change();
    if (this.up === before) return;
    for (const end of this.ends) end.clear();
    for (const end of this.ends) end.tellCarrier();
  }
}

function checkLatency(milliseconds: number): void {
  checkNumber('the latency of a link', milliseconds);
}

function checkMtu(octets: number): void {
  if (octets !== Infinity) checkNumber('the MTU of a link', octets);
}

/** Joins several faults into one. */
function together(faults: readonly Disposable[]): Disposable {
  return {
    [Symbol.dispose]: () => {
      for (const fault of faults) fault[Symbol.dispose]();
    },
  };
}

/** The impairments that a link has from its beginning, or later. */
export const steadyWords = {
  loss: 'amount',
  lostburst: 'amount',
  dup: 'amount',
  noise: 'amount',
  capacity: 'amount',
  speed: 'amount',
  bandwidth: 'amount',
  fifo: 'flag',
} as const satisfies Partial<Wording<Quality>>;

/** The impairments of a link. */
export const impairmentWords = { mtu: 'amount', delay: 'amount', ...steadyWords } as const satisfies Wording<Quality>;

/** The options of a fault on one side of a link. */
export const sideWords = { from: 'options' } as const satisfies Wording<Side>;

/** The times of a link that flaps. */
export const flapWords = { up: 'number', down: 'number' } as const satisfies Wording<FlapTimes>;
