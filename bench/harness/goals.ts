/** The goal of a figure. */
export interface Goal {
  /** True if more is better, or less. */
  readonly want: 'at-least' | 'at-most';
  readonly goal: number;
  /** The worst acceptable value; by default the goal. */
  readonly floor?: number;
}

/** How a figure stands to its goal. */
export type Verdict = 'met' | 'floor' | 'not met';

/** `met` when the figure reaches the goal, `floor` when only the floor; a figure that is missing or not a number is `not met`. */
export function verdictOf(figure: number | undefined, { want, goal, floor = goal }: Goal): Verdict {
  if (figure === undefined || Number.isNaN(figure)) return 'not met';
  const reaches = (mark: number): boolean => (want === 'at-least' ? figure >= mark : figure <= mark);
  if (reaches(goal)) return 'met';
  return reaches(floor) ? 'floor' : 'not met';
}

/** Returns the goal in words: `>= 2 (floor 1.5)`. */
export function goalText({ want, goal, floor }: Goal): string {
  const sign = want === 'at-least' ? '>=' : '<=';
  return `${sign} ${goal}${floor === undefined ? '' : ` (floor ${floor})`}`;
}
