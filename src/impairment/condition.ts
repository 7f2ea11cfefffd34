import { formatQuality } from './impairment-text.ts';
import type { Quality } from './impairment.ts';

/** How a port carries frames, as the switch's user set it. It belongs to the number of the port, and outlives the clients there. */
export interface PortCondition {
  /** True if it carries frames at all. */
  readonly up: boolean;
  /** The impairment of frames, each way; undefined for none. */
  readonly impairment: Quality | undefined;
}

/** The condition of a port without settings. */
export const sound: PortCondition = { up: true, impairment: undefined };

/** Returns true if frames cross a port in that condition unchanged. */
export function isSound({ up, impairment }: PortCondition): boolean {
  return up && impairment === undefined;
}

/** Describes the condition: `down`, `impaired, each way: loss 5`, or both. */
export function describeCondition({ up, impairment }: PortCondition): string {
  const parts = [up ? '' : 'down', impairment === undefined ? '' : `impaired, each way: ${formatQuality(impairment)}`];
  return parts.filter((part) => part !== '').join(', ');
}
