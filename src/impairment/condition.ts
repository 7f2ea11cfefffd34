import { formatQuality } from './impairment-text.ts';
import type { Quality } from './impairment.ts';

/** How a port carries frames: what its switch's user asked of it. It belongs to the number of the port, and outlives who is there. */
export interface PortCondition {
  /** Whether it carries any. */
  readonly up: boolean;
  /** How badly it treats them, each way; undefined for not at all. */
  readonly impairment: Quality | undefined;
}

/** The condition of a port of which nothing was asked. */
export const sound: PortCondition = { up: true, impairment: undefined };

/** Returns true if nothing is to be done to the frames of a port in that condition. */
export function isSound({ up, impairment }: PortCondition): boolean {
  return up && impairment === undefined;
}

/** Returns the condition in words: `down`, `impaired, each way: loss 5`, or both. */
export function describeCondition({ up, impairment }: PortCondition): string {
  const parts = [up ? '' : 'down', impairment === undefined ? '' : `impaired, each way: ${formatQuality(impairment)}`];
  return parts.filter((part) => part !== '').join(', ');
}
