/*
 * The rules for frames from a guarded port. The first one that a frame breaks is the reason why it is dropped.
 *
 *   forged-mac     its source is a group, or an address that the policy gives to others
 *   bridge-frame   it is for bridges: 01:80:c2:00:00:00 to 0f, and the PVST group 01:00:0c:cc:cc:cd
 *   unreadable     it has more than 8 tags; DHCP or neighbour discovery is in a fragment; an IPv6 header is cut off, or behind too many others
 *   forged-arp     its sender's MAC or IPv4 address, or the address that a probe asks for, is another's
 *   forged-ipv4    its IPv4 source is another's
 *   forged-ipv6    its IPv6 source, or an address that it advertises or probes, follows from another's MAC address; an option has that
 *   rogue-dhcp     it is an answer of a DHCP server, of IPv4 or IPv6
 *   forged-dhcp    it asks for a lease in the name of another's MAC address
 *   rogue-router   it is a router advertisement or a redirect, of IPv4 or IPv6
 *
 * A last one, `flooding`, is in `flood-limit.ts`, since it depends on time. Fields are read as receivers read them, that is more leniently than the
 * decoders of `wire`: checksums and lengths that some receivers ignore do not matter. The rules allocate no memory.
 */
import { dhcpHeaderLength, dhcpOps, dhcpPorts } from '../wire/dhcp.ts';
import { etherTypes, hasGroupSource, sourceOf } from '../wire/ethernet.ts';
import { ipProtocols, readIpv4 } from '../wire/ipv4.ts';
import { isGroupMac, readMac } from '../wire/mac.ts';
import { readUint16, readUint32 } from '../wire/octets.ts';
import { udpHeaderLength } from '../wire/udp.ts';
import { arpSender, arpSenderMac, arpTarget, isArpAboutIpv4 } from './arp-claim.ts';
import { hidden, innermostType, typeAt } from './frame-type.ts';
import type { SenderPolicy, SenderRule } from './sender-policy.ts';
import { ipv6Breach } from './sender-table-ipv6.ts';

/** Returns the rule that a frame of at least 14 octets breaks; undefined if stations with that policy may send it. Has no side effects. */
export function breachOf(policy: SenderPolicy, frame: Uint8Array): SenderRule | undefined {
  if (hasGroupSource(frame) || !policy.mayUse(sourceOf(frame))) return 'forged-mac';
  if (frame[0] === 0x01 && !policy.open && isBridgeFrame(frame)) return 'bridge-frame';
  return packetBreach(policy, frame);
}

/** Returns the rule that the packet of a frame breaks: those of `breachOf` without the ones about the frame's own addresses. */
export function packetBreach(policy: SenderPolicy, frame: Uint8Array): SenderRule | undefined {
  // The common case.
  if (readUint16(frame, typeAt) === etherTypes.ipv4) return ipv4Breach(policy, frame, typeAt + 2);
  const at = innermostType(frame);
  if (at === hidden) return 'unreadable';
  const type = readUint16(frame, at);
  if (type === etherTypes.ipv4) return ipv4Breach(policy, frame, at + 2);
  if (type === etherTypes.ipv6) return ipv6Breach(policy, frame, at + 2);
  return type === etherTypes.arp ? arpBreach(policy, frame, at + 2) : undefined;
}

/** The groups of bridges, which no bridge forwards, and Cisco's for trees of each VLAN. [IEEE 802.1Q, table 8-1] */
const bridgeGroups = { first: 0x0180_c200, last: 0x000f, pvstFirst: 0x0100_0ccc, pvstLast: 0xcccd } as const;

function isBridgeFrame(frame: Uint8Array): boolean {
  const [first, last] = [readUint32(frame, 0), readUint16(frame, 4)];
  if (first === bridgeGroups.first) return last <= bridgeGroups.last;
  return first === bridgeGroups.pvstFirst && last === bridgeGroups.pvstLast;
}

function arpBreach(policy: SenderPolicy, frame: Uint8Array, at: number): SenderRule | undefined {
  if (!isArpAboutIpv4(frame, at)) return undefined;
  const mac = arpSenderMac(frame, at);
  const sender = arpSender(frame, at);
  // A probe asks for the address that its sender would have. [RFC 5227, 2.1.1]
  const claimed = sender === 0 ? arpTarget(frame, at) : sender;
  return (isGroupMac(mac) || policy.mayUse(mac)) && policy.mayClaim(claimed) ? undefined : 'forged-arp';
}

/** The length of the shortest IPv4 header. */
const leastIpv4 = 20;

function ipv4Breach(policy: SenderPolicy, frame: Uint8Array, at: number): SenderRule | undefined {
  if (frame.length < at + leastIpv4 || (frame[at] ?? 0) >>> 4 !== 4) return undefined;
  if (!policy.mayClaim(readIpv4(frame, at + 12))) return 'forged-ipv4';
  const protocol = frame[at + 9];
  if (protocol !== ipProtocols.udp && protocol !== ipProtocols.icmp) return undefined;
  const fragment = readUint16(frame, at + 6) & 0x3fff;
  // Only the first fragment, of 8 octets at least, has the ports or the type.
  if ((fragment & 0x1fff) !== 0) return undefined;
  const payload = at + ((frame[at] ?? 0) & 0xf) * 4;
  if (protocol === ipProtocols.icmp) return isOfRouter(frame[payload]) && !policy.open ? 'rogue-router' : undefined;
  return dhcpBreach(policy, frame, { at: payload, isFragment: fragment !== 0 });
}

/** Returns whether a type of ICMP is a redirect or a router advertisement. [RFC 792; RFC 1256, 3] */
function isOfRouter(type: number | undefined): boolean {
  return type === 5 || type === 9;
}

function dhcpBreach(
  policy: SenderPolicy,
  frame: Uint8Array,
  { at, isFragment }: { readonly at: number; readonly isFragment: boolean },
): SenderRule | undefined {
  const port = readUint16(frame, at + 2);
  if (port !== dhcpPorts.client && port !== dhcpPorts.server) return undefined;
  const message = at + udpHeaderLength;
  const maySpeak = policy.trustDhcp || policy.open;
  if (port === dhcpPorts.client) return maySpeak ? undefined : 'rogue-dhcp';
  if (isFragment) return 'unreadable';
  if (frame.length < message + dhcpHeaderLength - 4) return undefined;
  if (frame[message] === dhcpOps.reply) return maySpeak ? undefined : 'rogue-dhcp';
  const chaddr = readMac(frame, message + chaddrAt);
  return isGroupMac(chaddr) || policy.mayUse(chaddr) ? undefined : 'forged-dhcp';
}

/** The offset of the client's MAC address in a message. [RFC 2131, 2] */
const chaddrAt = 28;
