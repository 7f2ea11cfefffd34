import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';

/**
 * The frames that stations behind a guarded port may send. The answers may change at any time: they hold for the frame at hand. `sender-table.ts` has
 * the rules.
 */
export interface SenderPolicy {
  /** Returns whether a station behind the port may have that unicast address. */
  mayUse(mac: MacAddress): boolean;
  /** Returns whether a station behind the port may have that address. True for all that are no one's, as 0.0.0.0. */
  mayClaim(address: Ipv4Address): boolean;
  /** True if DHCP servers behind the port may answer. */
  readonly trustDhcp: boolean;
  /**
   * True for a port to bridges and routers: spanning trees, router advertisements, DHCP servers and any rate of flooding are allowed there. The rules for
   * addresses hold nevertheless.
   */
  readonly open: boolean;
  /** The most frames per second that the switch floods for the port: broadcasts, multicasts and frames to unknown stations, each. */
  readonly floodRate: number;
}

/** The names of the rules of `sender-table.ts`. */
export const senderRules = [
  'forged-mac',
  'bridge-frame',
  'unreadable',
  'forged-arp',
  'forged-ipv4',
  'forged-ipv6',
  'rogue-dhcp',
  'forged-dhcp',
  'rogue-router',
] as const;

/** The name of a rule of `sender-table.ts`. */
export type SenderRule = (typeof senderRules)[number];

/** The flood rate of ports that are given no other, in frames per second. A second's worth of frames may come at once. */
export const usualFloodRate = 1000;

/** The policy of a guarded port of which nothing is known: its stations may have any address that the switch itself does not have. */
export const strangersPolicy: SenderPolicy = {
  mayUse: () => true,
  mayClaim: () => true,
  trustDhcp: false,
  open: false,
  floodRate: usualFloodRate,
};
