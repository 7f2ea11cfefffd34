/** The kinds of outcomes, which differ in their drawing. */
export type RunOutcome = 'delivered' | 'taken' | 'dropped' | 'lost' | 'under-way';

/** Returns the outcome for a fate in words: `lost: no-carrier` is `lost`. */
export function outcomeOf(fate: string): RunOutcome {
  if (fate.startsWith('lost')) return 'lost';
  if (fate.startsWith('dropped')) return 'dropped';
  if (fate.startsWith('taken')) return 'taken';
  return fate === 'under way' ? 'under-way' : 'delivered';
}

/** Returns whether the frame was lost or dropped. */
export function isLoss(fate: string): boolean {
  const outcome = outcomeOf(fate);
  return outcome === 'lost' || outcome === 'dropped';
}
