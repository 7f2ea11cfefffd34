import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { checkMarkov, checkQuality, type ImpairmentDrop, type Markov, type Quality } from './impairment.ts';
import { ImpairedLine } from './impaired-line.ts';
import { MarkovChain } from './markov-chain.ts';

/** An effect on frames in transit: on those that match, by default on all. */
export type ImpairmentRule = { readonly match?: (frame: Uint8Array) => boolean } & (
  | { readonly kind: 'quality'; readonly quality: Quality }
  | { readonly kind: 'markov'; readonly markov: Markov }
  /** Frames are held until the rule ends; then they continue, in their order. */
  | { readonly kind: 'hold' }
  /** Frames are dropped. */
  | { readonly kind: 'filter' }
);

/** The options of a channel. */
export interface ChannelOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Called with each frame that arrives. */
  readonly deliver: (frame: Uint8Array) => void;
  /** Called for each frame that is lost. */
  readonly dropped?: (frame: Uint8Array, why: ImpairmentDrop) => void;
  /** Called when a frame is replaced by a copy with flipped bits. */
  readonly replaced?: (frame: Uint8Array, copy: Uint8Array) => void;
  /** Runs a timer's work as one breath. By default, the work is simply called. */
  readonly breath?: (work: () => void) => void;
  /** True if submitted frames are borrowed, so that the channel must copy those it keeps. Default: true. */
  readonly lent?: boolean;
}

/** The most frames that a hold keeps; further frames are lost. */
const maxHeld = 16_384;

/** One direction of a link, with rules for its frames. They apply to each frame in the order in which they were added. */
export class Channel implements Disposable {
  readonly #options: Required<ChannelOptions>;
  readonly #stages: Stage[] = [];
  /** Ended rules that still have frames in transit. */
  readonly #ending = new Set<Stage>();

  constructor(options: ChannelOptions) {
    this.#options = { dropped: () => undefined, replaced: () => undefined, breath: (work) => work(), lent: true, ...options };
  }

  /** True if there is no rule and no frame in transit; `submit` then only delivers. */
  get idle(): boolean {
    return this.#stages.length === 0 && this.#ending.size === 0;
  }

  /** The number of frames in transit that will arrive without further action. */
  get delayed(): number {
    return [...this.#stages, ...this.#ending].reduce((sum, { delayed }) => sum + delayed, 0);
  }

  /**
   * Adds a rule after the others. Disposing it ends the rule; frames that it holds or delays still arrive. Throws
   * EtherloomError('bad-option') if the rule is not valid.
   */
  add(rule: ImpairmentRule): Disposable {
    const stage: Stage = this.#make(rule, (frame) => this.#pass(frame, stage));
    this.#stages.push(stage);
    return { [Symbol.dispose]: () => this.#end(stage) };
  }

  /** Sends a frame through the rules. */
  submit(frame: Uint8Array): void {
    if (this.idle) this.#options.deliver(frame);
    else this.#take(this.#options.lent ? frame.slice() : frame, 0);
  }

  /** Drops all frames that are in transit or held. The rules remain. */
  cut(): void {
    for (const stage of [...this.#stages, ...this.#ending]) stage.cut();
    for (const stage of [...this.#ending]) this.#retire(stage);
  }

  /** Ends all rules, and discards the frames in transit without calling `dropped`. */
  [Symbol.dispose](): void {
    for (const stage of [...this.#stages.splice(0), ...this.#ending]) stage[Symbol.dispose]();
    this.#ending.clear();
  }

  #end(stage: Stage): void {
    const at = this.#stages.indexOf(stage);
    if (at < 0) return;
    // Frames that this rule still delays continue with the next rule.
    stage.after = this.#stages[at + 1];
    for (const other of this.#ending) if (other.after === stage) other.after = stage.after;
    this.#stages.splice(at, 1);
    this.#ending.add(stage);
    this.#options.breath(() => stage.end());
    this.#retire(stage);
  }

  #retire(stage: Stage): void {
    if (!this.#ending.has(stage) || stage.delayed > 0) return;
    this.#ending.delete(stage);
    stage[Symbol.dispose]();
  }

  #pass(frame: Uint8Array, from: Stage): void {
    const at = this.#stages.indexOf(from);
    if (at >= 0) this.#take(frame, at + 1);
    else {
      this.#take(frame, from.after ? this.#stages.indexOf(from.after) : this.#stages.length);
      this.#retire(from);
    }
  }

  #take(frame: Uint8Array, from: number): void {
    for (let at = from; at < this.#stages.length; at++) {
      const stage = this.#stages[at];
      if (!stage?.matches(frame)) continue;
      stage.take(frame);
      return;
    }
    this.#options.deliver(frame);
  }

  #make({ match = () => true, ...rule }: ImpairmentRule, pass: (frame: Uint8Array) => void): Stage {
    const { clock, random, dropped, replaced, breath } = this.#options;
    const line = { clock, random, pass, dropped, replaced, breath };
    switch (rule.kind) {
      case 'quality':
        checkQuality(rule.quality);
        return lineStage(match, new ImpairedLine(rule.quality, line));
      case 'markov':
        checkMarkov(rule.markov);
        return markovStage(match, rule.markov, new ImpairedLine(rule.markov.nodes[0]?.quality ?? {}, line), line);
      case 'hold':
        return holdStage(match, pass, dropped);
      case 'filter':
        return { ...nothing, matches: match, take: (frame) => dropped(frame, 'filtered') };
    }
  }
}

/** An active rule. */
interface Stage extends Disposable {
  readonly matches: (frame: Uint8Array) => boolean;
  readonly take: (frame: Uint8Array) => void;
  /** The number of frames that will continue without further action. */
  readonly delayed: number;
  /** Ends the rule. Held frames continue at once, delayed frames after their delay. */
  readonly end: () => void;
  /** Drops its frames. */
  readonly cut: () => void;
  /** The rule that followed this one when it ended. */
  after?: Stage | undefined;
}

const nothing = { delayed: 0, end: () => undefined, cut: () => undefined, [Symbol.dispose]: () => undefined };

function lineStage(matches: Stage['matches'], line: ImpairedLine, stop: () => void = () => undefined): Stage {
  return {
    matches,
    take: (frame) => line.take(frame),
    get delayed() {
      return line.held;
    },
    end: stop,
    cut: () => line.cut(),
    [Symbol.dispose]: () => {
      stop();
      line[Symbol.dispose]();
    },
  };
}

function markovStage(
  matches: Stage['matches'],
  markov: Markov,
  line: ImpairedLine,
  { clock, random }: Pick<ChannelOptions, 'clock' | 'random'>,
): Stage {
  const { nodes, edges, time = 100, changed } = markov;
  const chain = new MarkovChain({
    clock,
    random,
    changed: (node) => {
      line.quality = nodes[node]?.quality ?? {};
      changed?.(node);
    },
  });
  for (const { from, to, percent } of edges) if (from !== to) chain.setEdge(from, to, chain.edge(from, to) + percent);
  chain.run(time);
  return lineStage(matches, line, () => chain[Symbol.dispose]());
}

function holdStage(
  matches: Stage['matches'],
  pass: (frame: Uint8Array) => void,
  dropped: (frame: Uint8Array, why: ImpairmentDrop) => void,
): Stage {
  const held: Uint8Array[] = [];
  return {
    ...nothing,
    matches,
    take: (frame) => {
      if (held.length < maxHeld) held.push(frame);
      else dropped(frame, 'full');
    },
    end: () => {
      for (const frame of held.splice(0)) pass(frame);
    },
    cut: () => {
      for (const frame of held.splice(0)) dropped(frame, 'cut');
    },
  };
}
