import { strangersPolicy, type SenderPolicy } from '../switch/sender-policy.ts';
import type { AddressOwners } from './address-owners.ts';
import { idOfMac, masterId, type NodeId } from './identity.ts';

/** The members that the operator trusts with more than others. */
export interface TrustedMembers {
  /** The members behind which DHCP servers may answer. */
  readonly dhcp: ReadonlySet<NodeId>;
  /** The members behind which bridges and routers may be: only the addresses of the server are refused from them. */
  readonly open: ReadonlySet<NodeId>;
}

/**
 * Returns the policy for frames from a member, wherever they come in. The addresses that follow from an id are for its guest alone, also while it is
 * away; those of the master's guest, and of the server, are for no member. The server's MAC address is known to the switch that has it.
 */
export function memberPolicy(
  self: NodeId,
  plan: Pick<AddressOwners, 'ownerOf' | 'serverAddress'>,
  { dhcp, open }: TrustedMembers,
): SenderPolicy {
  const { serverAddress } = plan;
  if (open.has(self)) {
    return {
      ...strangersPolicy,
      open: true,
      mayUse: (mac) => idOfMac(mac) !== masterId,
      mayClaim: (address) => address !== serverAddress && plan.ownerOf(address) !== masterId,
    };
  }
  return {
    ...strangersPolicy,
    trustDhcp: dhcp.has(self),
    mayUse(mac) {
      const id = idOfMac(mac);
      return id === undefined || id === self;
    },
    mayClaim(address) {
      if (address === serverAddress) return false;
      const owner = plan.ownerOf(address);
      return owner === undefined || owner === self;
    },
  };
}

/** Returns the policy for frames from a link that may belong to any of some members: what one of them may send, it may. */
export function anyOf(policies: readonly SenderPolicy[]): SenderPolicy {
  return {
    ...strangersPolicy,
    trustDhcp: policies.some(({ trustDhcp }) => trustDhcp),
    open: policies.some(({ open }) => open),
    mayUse: (mac) => policies.some((policy) => policy.mayUse(mac)),
    mayClaim: (address) => policies.some((policy) => policy.mayClaim(address)),
  };
}
