import type { Log } from '../log.ts';
import type { Endpoint } from '../management/port-table.ts';
import { maxFrame, type PortNumber } from '../ports/pure/port.ts';
import type { SwitchPort } from '../switch/switch.ts';
import type { Vid } from '../wire/dot1q.ts';

/** The default MTU of a network, in octets. */
export const segmentMtu = 1500;

/** The octets of a frame beside its payload: the header, without and with a tag. */
export const frameOverhead = { untagged: 14, tagged: 18 } as const;

/** A switch and the endpoints at its ports. */
export interface Segment {
  readonly switch: { port(number: PortNumber): SwitchPort | undefined };
  readonly ports: { endpoints(): Iterable<Pick<Endpoint, 'mtu'> & { readonly number: PortNumber }> };
}

/** Returns the MTU of a VLAN, in octets: the least of the ports in it, and the default at most. */
export function mtuOfVlan({ switch: bridge, ports }: Segment, vlan: Vid): number {
  let least = segmentMtu;
  for (const { number, mtu = Infinity } of ports.endpoints()) {
    const vlans = mtu === Infinity ? undefined : bridge.port(number)?.vlans;
    if (!vlans?.has(vlan)) continue;
    const tag = vlan === vlans.untagged ? 0 : frameOverhead.tagged - frameOverhead.untagged;
    least = Math.min(least, mtu - tag);
  }
  return least;
}

/** Warns of an MTU whose frames some kinds of ports drop. */
export function warnOfLargeMtu(mtu: number, log: Log): void {
  if (mtu + frameOverhead.untagged <= maxFrame) return;
  const most = maxFrame - frameOverhead.tagged;
  log.warn(`an MTU of ${mtu} is for guests by stream and for links: VDE, TAP and WebSocket ports carry one of ${most}`);
}
