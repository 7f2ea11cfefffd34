import type { Log } from '../log.ts';
import { maxFrame } from '../ports/pure/port.ts';

/** The default MTU of a network, in octets. */
export const segmentMtu = 1500;

/** The octets of a frame beside its payload: the header, without and with a tag. */
export const frameOverhead = { untagged: 14, tagged: 18 } as const;

/** Warns of an MTU whose frames some kinds of ports drop. */
export function warnOfLargeMtu(mtu: number, log: Log): void {
  if (mtu + frameOverhead.untagged <= maxFrame) return;
  const most = maxFrame - frameOverhead.tagged;
  log.warn(`an MTU of ${mtu} is for guests by stream and for links: VDE, TAP and WebSocket ports carry one of ${most}`);
}
