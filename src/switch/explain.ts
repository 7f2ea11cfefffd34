import type { RecentMap } from '../recent-map.ts';
import { explainRepeat, explainWays, type Explanation } from './explanation.ts';
import { explainBpdu, type Fstp } from './fstp.ts';
import { repeatTo } from './hub.ts';
import type { Learning } from './learning.ts';
import type { SenderRules } from './sender-rules.ts';
import { vidAtShortcut } from './shortcut-frame.ts';
import type { Shortcuts } from './shortcuts.ts';
import type { BridgePort, PortNumber } from './switch-port.ts';
import type { Ways } from './ways.ts';

/** The parts of a switch that decide about a frame. */
export interface Deciders {
  readonly hub: boolean;
  readonly ports: RecentMap<PortNumber, BridgePort>;
  readonly fstp: Fstp;
  readonly senders: SenderRules;
  readonly shortcuts: Shortcuts;
  readonly learning: Learning;
  readonly ways: Ways;
}

/** Returns the decision about a frame: the stages of `Switch.receive`, without their effects. */
export function explainFrame(
  { hub, ports, fstp, senders, shortcuts, learning, ways }: Deciders,
  ingress: BridgePort,
  frame: Uint8Array,
): Explanation {
  if (hub) return explainRepeat(repeatTo(ports.values(), ingress, frame, senders));
  const { shortcut } = ingress.vlans;
  if (!shortcut && fstp.takes(ingress, frame)) return explainBpdu(ingress, frame);
  const vid = shortcut ? shortcuts.judge(ingress, frame) : senders.enter(ingress, frame);
  if (vid === undefined) return { decision: 'take', vid: vidAtShortcut(frame), by: 'shortcuts' };
  if (typeof vid === 'string') return { decision: 'drop', reason: vid };
  const found = learning.destination(ingress, vid, frame);
  const destination = shortcuts.peek(ingress, vid, frame, found);
  if (destination === 'kept') return { decision: 'take', vid, by: 'shortcuts' };
  if (destination === undefined && ingress.guard?.mayFlood(frame) === false) return { decision: 'drop', reason: 'flooding' };
  const egress = ways.of(ingress, vid, destination, frame);
  if (typeof egress === 'string') return { decision: 'drop', reason: egress };
  return explainWays(vid, egress, destination === undefined ? frame : undefined);
}
