import type { CommonGoal } from './benchmark.ts';
import type { FigureName, Sample } from './figures.ts';
import type { Goal } from './goals.ts';
import { ratiosOf, spreadOf, type Spread } from './statistics.ts';

/** The results of one case, round by round. */
export interface CaseResult {
  readonly name: string;
  /** Why the peer's side was not run, where that holds for this case alone. */
  readonly skipped?: string | undefined;
  readonly ours: readonly Sample[];
  /** Empty when there is no peer, or it is not installed. */
  readonly peer: readonly Sample[];
  readonly ratioGoals: Readonly<Partial<Record<FigureName, Goal>>>;
  readonly ownGoals: Readonly<Partial<Record<FigureName, Goal>>>;
}

/** The result of a benchmark. */
export interface BenchmarkResult {
  readonly name: string;
  readonly work: string;
  /** The peer of ours, in words. */
  readonly peer: string | undefined;
  /** Why the benchmark, or its peer's side, was not run. */
  readonly skipped: string | undefined;
  readonly cases: readonly CaseResult[];
  readonly commonGoals: readonly CommonGoal[];
}

/** One figure of all rounds of a case. Undefined where no round has it. */
export interface FigureResult {
  readonly ours: Spread | undefined;
  readonly peer: Spread | undefined;
  /** Ours to the peer's, of each round. */
  readonly ratio: Spread | undefined;
}

/** Sums up one figure of a case. */
export function figureOf({ ours, peer }: CaseResult, name: FigureName): FigureResult {
  const figures = (samples: readonly Sample[]): (number | undefined)[] => samples.map((sample) => sample[name]);
  const spread = (samples: readonly Sample[]): Spread | undefined => spreadOf(figures(samples).filter((figure) => figure !== undefined));
  return { ours: spread(ours), peer: spread(peer), ratio: spreadOf(ratiosOf(figures(ours), figures(peer))) };
}

/** Returns the figure of a goal about several cases; undefined where one is missing. */
export function commonFigure({ cases }: BenchmarkResult, { figure }: CommonGoal): number | undefined {
  return figure((caseName, name) => {
    const found = cases.find((result) => result.name === caseName);
    return found && figureOf(found, name).ours?.median;
  });
}
