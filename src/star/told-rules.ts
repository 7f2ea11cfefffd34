/**
 * The rules of the master for frames from its members, as it tells them to its slaves: they hold the frames from shortcuts to them.
 *
 *     member 1-17                       these ids are in the group
 *     reserved 5 10.77.0.200            that address is reserved for the guest of id 5
 *     taken 10.77.0.254                 no guest has that address
 *     mac 02:65:6c:01:12:34             a station inside the master's switch, such as its DHCP server, has that MAC address
 *     address 10.77.0.1                 or that IPv4 address
 *     trust-dhcp 3, open 4              see TrustedMembers
 */
import type { SenderPolicy } from '../switch/sender-policy.ts';
import { formatIpv4, parseIpv4, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import { formatMac, parseMac, type MacAddress } from '../wire/mac.ts';
import { AddressOwners } from './address-owners.ts';
import { maxId, type NodeId } from './identity.ts';
import { memberPolicy } from './member-policy.ts';

/** The rules of a master, beyond those that hold for each member alike. */
export interface ToldRules {
  /** The ids of the members, as ranges: the first and the last of each. */
  readonly members: readonly (readonly [NodeId, NodeId])[];
  readonly reserved: readonly (readonly [NodeId, Ipv4Address])[];
  /** The addresses of the network that no guest has. */
  readonly taken: readonly Ipv4Address[];
  /** The addresses of the stations inside the master's switch. */
  readonly macs: readonly MacAddress[];
  readonly addresses: readonly Ipv4Address[];
  /** The members behind which DHCP servers may answer, and those behind which bridges may be. */
  readonly trustDhcp: readonly NodeId[];
  readonly open: readonly NodeId[];
}

/** The rules of a master beside the list of its members. */
export type OwnRules = Omit<ToldRules, 'members'>;

/** Returns the policy for frames from the shortcut to a member: that of the master for its link. */
export function toldPolicy(id: NodeId, network: Ipv4Network, rules: ToldRules): SenderPolicy {
  const { members, reserved, taken, macs, addresses, trustDhcp, open } = rules;
  const owners = new AddressOwners({
    network,
    reservations: new Map(reserved),
    isTaken: (address) => taken.includes(address),
    isMember: (one) => members.some(([first, last]) => one >= first && one <= last),
  });
  const policy = memberPolicy(id, owners, { dhcp: new Set(trustDhcp), open: new Set(open) });
  return {
    ...policy,
    mayUse: (mac) => !macs.includes(mac) && policy.mayUse(mac),
    mayClaim: (address) => !addresses.includes(address) && policy.mayClaim(address),
  };
}

/** Returns ids in ascending order as ranges. */
export function rangesOf(ids: Iterable<NodeId>): readonly (readonly [NodeId, NodeId])[] {
  const ranges: [NodeId, NodeId][] = [];
  for (const id of ids) {
    const last = ranges.at(-1);
    if (last?.[1] === id - 1) last[1] = id;
    else ranges.push([id, id]);
  }
  return ranges;
}

/** Returns the rules as texts of the form above. */
export function formatRules({ members, reserved, taken, macs, addresses, trustDhcp, open }: ToldRules): readonly string[] {
  return [
    ...members.map(([first, last]) => `member ${first}-${last}`),
    ...reserved.map(([id, address]) => `reserved ${id} ${formatIpv4(address)}`),
    ...taken.map((address) => `taken ${formatIpv4(address)}`),
    ...macs.map((mac) => `mac ${formatMac(mac)}`),
    ...addresses.map((address) => `address ${formatIpv4(address)}`),
    ...trustDhcp.map((id) => `trust-dhcp ${id}`),
    ...open.map((id) => `open ${id}`),
  ];
}

/** Parses texts of that form. Those that are none, as of later versions, are passed over. */
export function parseRules(texts: readonly string[]): ToldRules {
  const of = <Value>(word: string, parse: (rest: string) => Value | undefined): readonly Value[] =>
    texts.flatMap((text) => {
      const value = text.startsWith(`${word} `) ? parse(text.slice(word.length + 1)) : undefined;
      return value === undefined ? [] : [value];
    });
  return {
    members: of('member', parseRange),
    reserved: of('reserved', parseReserved),
    taken: of('taken', parseIpv4),
    macs: of('mac', parseMac),
    addresses: of('address', parseIpv4),
    trustDhcp: of('trust-dhcp', parseId),
    open: of('open', parseId),
  };
}

function parseRange(text: string): readonly [NodeId, NodeId] | undefined {
  const [first, last, ...more] = text.split('-').map(parseId);
  return first === undefined || last === undefined || more.length > 0 ? undefined : [first, last];
}

function parseReserved(text: string): readonly [NodeId, Ipv4Address] | undefined {
  const [id, address, ...more] = text.split(' ');
  const [parsed, host] = [parseId(id ?? ''), parseIpv4(address ?? '')];
  return parsed === undefined || host === undefined || more.length > 0 ? undefined : [parsed, host];
}

function parseId(text: string): NodeId | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= maxId ? Number(text) : undefined;
}
