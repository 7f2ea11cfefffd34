/** The summary of the rounds of one figure. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Median, least and greatest; undefined when there are no numbers. Figures that are not numbers (NaN) do not count. */
export function spreadOf(figures: readonly number[]): Spread | undefined {
  const sorted = figures.filter((figure) => !Number.isNaN(figure)).sort((a, b) => a - b);
  const min = sorted[0];
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return undefined;
  const half = sorted.length / 2;
  const lower = sorted[Math.ceil(half) - 1] ?? min;
  const upper = sorted[Math.floor(half)] ?? max;
  return { median: (lower + upper) / 2, min, max };
}

/** Returns the ratios of the figures of each round, ours to the peer's; a round that lacks one of them has none. */
export function ratiosOf(ours: readonly (number | undefined)[], peers: readonly (number | undefined)[]): number[] {
  return ours.flatMap((figure, i) => {
    const other = peers[i];
    return figure === undefined || other === undefined || other === 0 ? [] : [figure / other];
  });
}
