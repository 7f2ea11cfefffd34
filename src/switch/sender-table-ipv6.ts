/* The rules of `sender-table.ts` for IPv6: its source, neighbour discovery, routers, and servers of DHCPv6. */
import { icmpv6Protocol } from '../wire/icmpv6.ts';
import { ipProtocols } from '../wire/ipv4.ts';
import { ipv6HeaderLength } from '../wire/ipv6.ts';
import { isGroupMac, readMac, type MacAddress } from '../wire/mac.ts';
import { readUint16, readUint32 } from '../wire/octets.ts';
import { udpHeaderLength } from '../wire/udp.ts';
import type { SenderPolicy, SenderRule } from './sender-policy.ts';

/** The headers between that of IPv6 and a packet's protocol. [IANA ipv6-parameters] */
const headers = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  destination: 60,
  mobility: 135,
  hip: 139,
  shim6: 140,
} as const;

/** The most headers that are looked through. Packets in use have up to three. */
const mostHeaders = 8;

/** Messages of neighbour discovery. [RFC 4861, 4] */
const types = { routerSolicitation: 133, routerAdvertisement: 134, solicitation: 135, advertisement: 136, redirect: 137 } as const;

/** Where an IPv6 packet begins and ends in its frame, and its protocol. */
interface Place {
  readonly start: number;
  /** Where the octets of the protocol begin. */
  readonly at: number;
  readonly isFragment: boolean;
}

/** Returns the rule that an IPv6 packet at `start` breaks; undefined if it may pass, or no receiver takes it. */
export function ipv6Breach(policy: SenderPolicy, frame: Uint8Array, start: number): SenderRule | undefined {
  if (frame.length < start + ipv6HeaderLength || (frame[start] ?? 0) >>> 4 !== 6) return undefined;
  if (isForged(policy, frame, start + 8)) return 'forged-ipv6';
  let protocol = frame[start + 6] ?? 0;
  let at = start + ipv6HeaderLength;
  let isFragment = false;
  for (let count = 0; isExtension(protocol); count++) {
    // A fragment must begin with its protocol: later ones can then change neither the protocol nor the type of its message.
    if (isFragment || count === mostHeaders || frame.length < at + 8) return 'unreadable';
    isFragment = protocol === headers.fragment;
    if (isFragment && readUint16(frame, at + 2) >>> 3 !== 0) return isExtension(frame[at] ?? 0) ? 'unreadable' : undefined;
    const length = lengthOf(protocol, frame[at + 1] ?? 0);
    protocol = frame[at] ?? 0;
    at += length;
  }
  if (protocol === icmpv6Protocol) return neighbourBreach(policy, frame, { start, at, isFragment });
  return protocol === ipProtocols.udp ? dhcpBreach(policy, frame, at, isFragment) : undefined;
}

function isExtension(protocol: number): boolean {
  switch (protocol) {
    case headers.hopByHop:
    case headers.routing:
    case headers.fragment:
    case headers.authentication:
    case headers.destination:
    case headers.mobility:
    case headers.hip:
    case headers.shim6:
      return true;
    default:
      return false;
  }
}

/** Returns the length of an extension header, in octets. [RFC 8200, 4; RFC 4302, 2.2] */
function lengthOf(protocol: number, field: number): number {
  if (protocol === headers.fragment) return 8;
  return protocol === headers.authentication ? (field + 2) * 4 : (field + 1) * 8;
}

/** The ports of DHCPv6: to the first one servers alone send, to the second one clients, relays, and servers that answer relays. [RFC 8415, 7.2] */
const ports = { client: 546, server: 547 } as const;

function dhcpBreach({ trustDhcp, open }: SenderPolicy, frame: Uint8Array, at: number, isFragment: boolean): SenderRule | undefined {
  if (frame.length < at + 4) return 'unreadable';
  const port = readUint16(frame, at + 2);
  if (port !== ports.client && port !== ports.server) return undefined;
  // The type may be in a later fragment.
  if (port === ports.server && isFragment) return 'unreadable';
  const isAnswer = port === ports.client || isOfServer(frame[at + udpHeaderLength]);
  return isAnswer && !trustDhcp && !open ? 'rogue-dhcp' : undefined;
}

/** Returns whether a type of DHCPv6 is an advertisement, a reply, a demand to reconfigure, or an answer to a relay. [RFC 8415, 7.3] */
function isOfServer(type: number | undefined): boolean {
  return type === 2 || type === 7 || type === 10 || type === 13;
}

function neighbourBreach(policy: SenderPolicy, frame: Uint8Array, { start, at, isFragment }: Place): SenderRule | undefined {
  if (frame.length <= at) return 'unreadable';
  const type = frame[at] ?? 0;
  if (type < types.routerSolicitation || type > types.redirect) return undefined;
  // Hosts should ignore neighbour discovery in fragments; not all do. [RFC 6980, 5]
  if (isFragment) return 'unreadable';
  if (type === types.redirect) return policy.open ? undefined : 'rogue-router';
  if (type === types.routerAdvertisement && !policy.open) return 'rogue-router';
  const end = Math.min(frame.length, start + ipv6HeaderLength + readUint16(frame, start + 4));
  const [target, options] = [at + 8, at + optionsAt(type)];
  const isClaim = type === types.advertisement || (type === types.solicitation && isUnspecified(frame, start + 8));
  if (isClaim && target + 16 <= end && isForged(policy, frame, target)) return 'forged-ipv6';
  return hasForgedOption(policy, frame, { at: options, end }) ? 'forged-ipv6' : undefined;
}

/** Returns the offset of the options in a message. [RFC 4861, 4] */
function optionsAt(type: number): number {
  if (type === types.routerSolicitation) return 8;
  return type === types.routerAdvertisement ? 16 : 24;
}

/** Returns whether an option has the MAC address of another as the link-layer address of the source or target. [RFC 4861, 4.6.1] */
function hasForgedOption(policy: SenderPolicy, frame: Uint8Array, { at, end }: { readonly at: number; readonly end: number }): boolean {
  for (let option = at; option + 8 <= end;) {
    const length = (frame[option + 1] ?? 0) * 8;
    // Receivers discard the message.
    if (length === 0) return false;
    const [type, mac] = [frame[option], readMac(frame, option + 2)];
    if ((type === 1 || type === 2) && !isGroupMac(mac) && !policy.mayUse(mac)) return true;
    option += length;
  }
  return false;
}

function isUnspecified(frame: Uint8Array, at: number): boolean {
  return (readUint32(frame, at) | readUint32(frame, at + 4) | readUint32(frame, at + 8) | readUint32(frame, at + 12)) === 0;
}

/** Returns whether the address at `at` is unicast, and its second half is made from the MAC address of another. */
function isForged(policy: SenderPolicy, frame: Uint8Array, at: number): boolean {
  if (readUint16(frame, at + 11) !== 0xfffe || frame[at] === 0xff) return false;
  return !policy.mayUse(macOf(frame, at + 8));
}

/** Returns the MAC address from which an interface identifier at `at` is made. [RFC 4291, appendix A] */
function macOf(frame: Uint8Array, at: number): MacAddress {
  const [high, low] = [((readUint16(frame, at) << 8) | (frame[at + 2] ?? 0)) ^ 0x02_0000, readUint32(frame, at + 4) & 0xff_ffff];
  return (high * 0x100_0000 + low) as MacAddress;
}
