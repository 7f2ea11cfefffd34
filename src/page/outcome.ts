/** The outcome of a frame, as it is drawn. */
export type RunOutcome = 'delivered' | 'taken' | 'dropped' | 'lost' | 'under-way';

/** Returns the outcome that a fate in words describes: `lost: no-carrier` is `lost`. */
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
