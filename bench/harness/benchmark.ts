import type { FigureName, Sample } from './figures.ts';
import type { Goal } from './goals.ts';
import type { Workplace } from './workplace.ts';

/** The measured side: etherloom, or its peer. */
export type Side = 'ours' | 'peer';

/** How long, and how. */
export interface RunOptions {
  /** Measured seconds of each run. */
  readonly seconds: number;
  /** Seconds of the same before. */
  readonly warmup: number;
  /** True if loads look for something to do all the time, where else they sleep until there is. */
  readonly spin: boolean;
}

/** One thing that is done on each side in turn. */
export interface Case {
  readonly name: string;
  /** Does it once and measures. The processes and files that it makes are in the workplace, and go with it. */
  readonly run: (side: Side, workplace: Workplace, options: RunOptions) => Promise<Sample>;
  /** Returns why the peer's side cannot be run here; undefined if it can. Skipped when the peer is another etherloom. */
  readonly peerMissing?: () => string | undefined;
  /** Set where there is nothing to compare with. */
  readonly oursOnly?: boolean;
  /** The goal of the ratio ours : peer of a figure. */
  readonly ratioGoals?: Readonly<Partial<Record<FigureName, Goal>>>;
  /** The goal of a figure of ours. */
  readonly ownGoals?: Readonly<Partial<Record<FigureName, Goal>>>;
}

/** A goal about several cases together. */
export interface CommonGoal {
  readonly title: string;
  readonly goal: Goal;
  /** Returns the figure, from the median of a figure of ours in a case; undefined where one is missing. */
  readonly figure: (ours: (caseName: string, figure: FigureName) => number | undefined) => number | undefined;
}

/** One benchmark: a line of the table of goals. */
export interface Benchmark {
  readonly name: string;
  /** The work, in words. */
  readonly work: string;
  /** The peer of ours, in words; undefined if there is none. */
  readonly peer?: string;
  /** Programs that it cannot do without. */
  readonly needs: readonly string[];
  /** Returns why this user cannot run it here; undefined if nothing is in the way. */
  readonly obstacle?: () => string | undefined;
  /** Programs that the peer's side cannot do without. */
  readonly peerNeeds: readonly string[];
  readonly cases: readonly Case[];
  /** Into how many shorter rounds each is cut, where what else the machine does matters most. Default: 1. */
  readonly slices?: number;
  readonly commonGoals?: readonly CommonGoal[];
}
