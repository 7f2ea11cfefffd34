import { formatExplanation, type Explanation } from '../../switch/switch.ts';

/** The decision of the switch about a frame. */
export interface ExplanationView {
  /** `take`: the spanning tree takes the frame, or it is about shortcuts. `repeat`: the switch is a hub. */
  readonly decision: Explanation['decision'];
  /** Why, such as `station-known`, or a reason for dropped frames; undefined if the decision says it all. */
  readonly reason: string | undefined;
  /** The VLAN that the frame is in; undefined if it is in none. */
  readonly vlan: number | undefined;
  /** The ports by which the frame would leave, in the order of sending. */
  readonly egress: readonly { readonly port: number; readonly tagged: boolean | undefined }[];
  /** All of this in one line. */
  readonly text: string;
}

/** Returns an explanation as plain data. `nameOf` returns the name of a port for people. */
export function explanationView(explanation: Explanation, nameOf: (port: number) => string): ExplanationView {
  return {
    decision: explanation.decision,
    reason: 'reason' in explanation ? explanation.reason : undefined,
    vlan: 'vid' in explanation ? explanation.vid : undefined,
    egress: egressOf(explanation),
    text: formatExplanation(explanation, nameOf),
  };
}

/** Returns the ways out. A hub changes no tags, so it is not known whether a frame leaves with one. */
function egressOf(explanation: Explanation): ExplanationView['egress'] {
  if (!('egress' in explanation)) return [];
  return explanation.decision === 'repeat' ? explanation.egress.map((port) => ({ port, tagged: undefined })) : explanation.egress;
}
