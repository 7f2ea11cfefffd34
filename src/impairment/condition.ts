import { formatQuality } from './impairment-text.ts';
import type { Quality } from './impairment.ts';

/**
 * How a port carries frames, as set by a user of the switch. The condition belongs to the port number, so it outlives the port's clients.
 */
export interface PortCondition {
  /** True if it carries frames at all. */
  readonly up: boolean;
  /** The impairment of frames in each direction; undefined for none. */
  readonly impairment: Quality | undefined;
}

/** The condition of a port without settings. */
export const sound: PortCondition = { up: true, impairment: undefined };

/** Returns true if a port in this condition carries frames unchanged. */
export function isSound({ up, impairment }: PortCondition): boolean {
  return up && impairment === undefined;
}

/** Describes the condition: `down`, `impaired, each way: loss 5`, or both. */
export function describeCondition({ up, impairment }: PortCondition): string {
  const parts = [up ? '' : 'down', impairment === undefined ? '' : `impaired, each way: ${formatQuality(impairment)}`];
  return parts.filter((part) => part !== '').join(', ');
}
