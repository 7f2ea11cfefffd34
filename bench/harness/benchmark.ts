import type { FigureName, Sample } from './figures.ts';
import type { Goal } from './goals.ts';
import type { Workplace } from './workplace.ts';

/** What is measured: etherloom, or what it is compared with. */
export type Side = 'ours' | 'peer';

/** How long, and how. */
export interface RunOptions {
  /** Measured seconds of each run. */
  readonly seconds: number;
  /** Seconds of the same before. */
  readonly warmup: number;
  /** Whether loads look for something to do all the time, where else they sleep until there is. */
  readonly spin: boolean;
}

/** One thing that is done on each side in turn. */
export interface Case {
  readonly name: string;
  /** Does it once and measures. What it starts and writes is in the workplace, and goes with it. */
  readonly run: (side: Side, workplace: Workplace, options: RunOptions) => Promise<Sample>;
  /** Returns why the peer's side cannot be run here; undefined when it can. Not asked when the peer is another etherloom. */
  readonly peerMissing?: () => string | undefined;
  /** Set where there is nothing to compare with. */
  readonly oursOnly?: boolean;
  /** What the ratio ours : peer of a figure shall be. */
  readonly ratioGoals?: Readonly<Partial<Record<FigureName, Goal>>>;
  /** What a figure of ours shall be. */
  readonly ownGoals?: Readonly<Partial<Record<FigureName, Goal>>>;
}

/** A goal about several cases together. */
export interface CommonGoal {
  readonly title: string;
  readonly goal: Goal;
  /** The figure, from the median of a figure of ours in a case; undefined where one is missing. */
  readonly figure: (ours: (caseName: string, figure: FigureName) => number | undefined) => number | undefined;
}

/** One benchmark: a line of the table of goals. */
export interface Benchmark {
  readonly name: string;
  /** What it does, in words. */
  readonly work: string;
  /** What ours is compared with, in words; undefined when with nothing. */
  readonly peer?: string;
  /** Programs that it cannot do without. */
  readonly needs: readonly string[];
  /** Programs that the peer's side cannot do without. */
  readonly peerNeeds: readonly string[];
  readonly cases: readonly Case[];
  /** Into how many shorter rounds each is cut, where what else the machine does matters most. Default: 1. */
  readonly slices?: number;
  readonly commonGoals?: readonly CommonGoal[];
}
