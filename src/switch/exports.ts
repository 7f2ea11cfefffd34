/* The types that the users of a switch name. */
export { formatExplanation, type Explanation } from './explanation.ts';
export type { TreePort, TreeRole } from './fstp-member.ts';
export type { Fstp, FstpState } from './fstp.ts';
export type { FstpChange } from './fstp-tree.ts';
export { portCost } from './fstp-root.ts';
export type { FdbEntry } from '../stations/fdb.ts';
export { senderRules, strangersPolicy, type SenderPolicy } from './sender-policy.ts';
export type { DropReason, PortNumber, SwitchPort, SwitchPortCounters } from './switch-port.ts';
export type { NewPort, StationChange, SwitchOptions } from './switch-options.ts';
export type { VlanMember, VlanRefusal, VlanRegistry } from './vlan-registry.ts';
export type { Egress, PortVlans, VlanMembership } from './vlan.ts';
export type { Talk } from './talk.ts';
