import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { checkMarkov, checkQuality, type ImpairmentDrop, type Markov, type Quality } from './impairment.ts';
import { ImpairedLine } from './impaired-line.ts';
import { MarkovChain } from './markov-chain.ts';

/** Something that befalls frames on their way, for those that match; by default for all. */
export type ImpairmentRule = { readonly match?: (frame: Uint8Array) => boolean } & (
  | { readonly kind: 'quality'; readonly quality: Quality }
  | { readonly kind: 'markov'; readonly markov: Markov }
  /** They are kept back until the rule ends; then they go on, in their order. */
  | { readonly kind: 'hold' }
  /** They are lost. */
  | { readonly kind: 'filter' }
);

/** What a channel is given. */
export interface ChannelOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Takes a frame that came through. */
  readonly deliver: (frame: Uint8Array) => void;
  /** Is told of each frame that was lost. */
  readonly dropped?: (frame: Uint8Array, why: ImpairmentDrop) => void;
  /** Is told that a frame goes on as another one: a copy with wrong bits. */
  readonly replaced?: (frame: Uint8Array, copy: Uint8Array) => void;
  /** Runs what a timer does as one piece of work with its surroundings. Default: just does it. */
  readonly breath?: (work: () => void) => void;
  /** Whether frames are lent, and must be copied to be kept. Default: true. */
  readonly lent?: boolean;
}

/** Frames that a hold keeps at most; what is more is lost. */
const maxHeld = 16_384;

/** One way of a link, with rules for what befalls frames on it: each frame meets them in the order in which they were added. */
export class Channel implements Disposable {
  readonly #options: Required<ChannelOptions>;
  readonly #stages: Stage[] = [];
  /** Of rules that ended, with frames that are still on their way. */
  readonly #ending = new Set<Stage>();

  constructor(options: ChannelOptions) {
    this.#options = { dropped: () => undefined, replaced: () => undefined, breath: (work) => work(), lent: true, ...options };
  }

  /** Whether nothing befalls frames here, and none is on its way: then `submit` only delivers. */
  get idle(): boolean {
    return this.#stages.length === 0 && this.#ending.size === 0;
  }

  /** How many frames are on their way, and will come through by themselves. */
  get delayed(): number {
    return [...this.#stages, ...this.#ending].reduce((sum, { delayed }) => sum + delayed, 0);
  }

  /**
   * Adds a rule behind the others, until it is disposed; frames that it delays then go on. Throws EtherloomError('bad-option') that says
   * what is wrong with it.
   */
  add(rule: ImpairmentRule): Disposable {
    const stage: Stage = this.#make(rule, (frame) => this.#pass(frame, stage));
    this.#stages.push(stage);
    return { [Symbol.dispose]: () => this.#end(stage) };
  }

  /** Takes a frame. */
  submit(frame: Uint8Array): void {
    if (this.idle) this.#options.deliver(frame);
    else this.#take(this.#options.lent ? frame.slice() : frame, 0);
  }

  /** Loses what is on its way, or held back. The rules stay. */
  cut(): void {
    for (const stage of [...this.#stages, ...this.#ending]) stage.cut();
    for (const stage of [...this.#ending]) this.#retire(stage);
  }

  /** Ends all rules, and forgets what is on its way, without a word. */
  [Symbol.dispose](): void {
    for (const stage of [...this.#stages.splice(0), ...this.#ending]) stage[Symbol.dispose]();
    this.#ending.clear();
  }

  #end(stage: Stage): void {
    const at = this.#stages.indexOf(stage);
    if (at < 0) return;
    // Where it was, for what is still to come through.
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

/** A rule at work. */
interface Stage extends Disposable {
  readonly matches: (frame: Uint8Array) => boolean;
  readonly take: (frame: Uint8Array) => void;
  /** Frames that will go on by themselves. */
  readonly delayed: number;
  /** The rule has ended: what is held goes on, what is delayed will. */
  readonly end: () => void;
  /** What it has is lost. */
  readonly cut: () => void;
  /** What came behind it when it ended. */
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
