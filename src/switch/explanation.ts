import type { Vid } from '../wire/dot1q.ts';
import { hasGroupDestination } from '../wire/ethernet.ts';
import type { DropReason, PortNumber, SwitchPort } from './switch-port.ts';
import type { Egress } from './vlan.ts';

/** The decision of the switch about a frame, and its reason. */
export type Explanation =
  | {
      readonly decision: 'drop';
      readonly reason: DropReason;
    }
  | {
      /** The spanning tree takes it, or the shortcuts do: it is about these. */
      readonly decision: 'take';
      readonly vid: Vid;
      /** Default: the spanning tree. */
      readonly by?: 'shortcuts';
    }
  | {
      /** The switch is a hub. */
      readonly decision: 'repeat';
      readonly egress: readonly PortNumber[];
    }
  | {
      readonly decision: 'forward' | 'flood';
      /** The VLAN that the frame is in. */
      readonly vid: Vid;
      readonly reason: 'station-known' | 'group-destination' | 'station-unknown';
      /** The ports by which the frame leaves, in the order of sending. */
      readonly egress: readonly Egress<PortNumber>[];
    };

/** Explains a frame that leaves by these ways; `flooded` is the frame if its destination is a group or not known. */
export function explainWays(vid: Vid, ways: readonly Egress<SwitchPort>[], flooded: Uint8Array | undefined): Explanation {
  const egress = ways.map(({ port, tagged }) => ({ port: port.number, tagged }));
  if (flooded === undefined) return { decision: 'forward', vid, reason: 'station-known', egress };
  return { decision: 'flood', vid, reason: hasGroupDestination(flooded) ? 'group-destination' : 'station-unknown', egress };
}

/** Explains a frame that a hub repeats by these ports, or the reason why it is dropped. */
export function explainRepeat(egress: readonly SwitchPort[] | DropReason): Explanation {
  if (typeof egress === 'string') return { decision: 'drop', reason: egress };
  return { decision: 'repeat', egress: egress.map(({ number }) => number) };
}

/**
 * Formats an explanation as one line for people: `VLAN 5: flood (station-unknown) to port 1, 3 tagged`. `nameOf` gives the name of a port.
 */
export function formatExplanation(explanation: Explanation, nameOf: (port: PortNumber) => string = String): string {
  if (explanation.decision === 'drop') return `drop (${explanation.reason})`;
  if (explanation.decision === 'take') return `VLAN ${explanation.vid}: taken by the ${explanation.by ?? 'spanning tree'}`;
  if (explanation.decision === 'repeat') return `repeated as by a hub to port ${explanation.egress.map(nameOf).join(', ')}`;
  const ways = explanation.egress.map(({ port, tagged }) => `${nameOf(port)}${tagged ? ' tagged' : ''}`);
  return `VLAN ${explanation.vid}: ${explanation.decision} (${explanation.reason}) to port ${ways.join(', ')}`;
}
