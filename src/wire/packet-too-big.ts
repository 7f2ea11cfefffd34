/*
 * The answer of a link to a packet that is too long for it and may not be divided, as a router gives it: "fragmentation needed" of ICMP, or
 * "packet too big" of ICMPv6. [RFC 1191, 4; RFC 8201, 3]
 */
import { minTaggedFrame } from './dot1q.ts';
import { etherTypes, hasGroupDestination, hasGroupSource, minFrame } from './ethernet.ts';
import { encodeIcmpUnreachable, unreachableCodes } from './icmp.ts';
import { encodeIcmpv6Error } from './icmpv6-error.ts';
import { icmpv6Protocol } from './icmpv6.ts';
import { decodeIpv4, encodeIpv4, ipProtocols, reasonAgainstHosts, type Ipv4Address } from './ipv4.ts';
import { decodeIpv6Fragment, fragmentHeader } from './ipv6-fragment.ts';
import { decodeIpv6, encodeIpv6, ipv6HeaderLength, isIpv6Multicast, unspecifiedIpv6, type Ipv6Address } from './ipv6.ts';
import { readUint16 } from './octets.ts';

/** The smallest MTUs that a link may have, in octets. A host does not believe in smaller ones. [RFC 791, 3.2; RFC 8200, 5] */
const leastMtu = { ipv4: 68, ipv6: 1280 } as const;

const tagLength = minTaggedFrame - minFrame;
const addressesLength = 12;
const hopLimit = 64;
/** The types of ICMP that report an error; to none of them an error is the answer. [RFC 1122, 3.2.2] */
const icmpErrors: ReadonlySet<number | undefined> = new Set([3, 4, 5, 11, 12]);
/** Redirect, the one type of ICMPv6 above the errors to which no error is the answer. [RFC 4443, 2.4 (e)] */
const redirect = 137;
/** The extension headers that may stand before a payload: hop-by-hop, routing and destination options. [RFC 8200, 4] */
const extensionHeaders: ReadonlySet<number> = new Set([0, 43, 60]);

/**
 * Returns the answer to a frame that is longer than `longest` octets: a frame to its sender, in the name of the packet's destination, with
 * the frame's VLAN tags and the MTU that fits. Returns undefined where no answer is due: for a frame that fits or is not IP, for IPv4 that
 * may be fragmented, for later fragments, groups, ICMP errors and damaged headers, and where the MTU is below the least of the protocol.
 */
export function packetTooBig(frame: Uint8Array, longest: number): Uint8Array | undefined {
  if (frame.length <= longest || frame.length < minFrame) return undefined;
  if (hasGroupDestination(frame) || hasGroupSource(frame)) return undefined;
  const start = payloadStart(frame);
  const packet = frame.subarray(start);
  const answer = answerTo(readUint16(frame, start - 2), packet, longest - start);
  if (!answer) return undefined;
  const back = new Uint8Array(start + answer.length);
  back.set(frame.subarray(0, start));
  back.set(frame.subarray(6, addressesLength));
  back.set(frame.subarray(0, 6), 6);
  back.set(answer, start);
  return back;
}

/** Returns where the payload of a frame begins, behind its tags. */
function payloadStart(frame: Uint8Array): number {
  let start = minFrame;
  while (readUint16(frame, start - 2) === etherTypes.dot1q) start += tagLength;
  return start;
}

function answerTo(etherType: number, packet: Uint8Array, mtu: number): Uint8Array | undefined {
  if (etherType === etherTypes.ipv4) return answerToIpv4(packet, mtu);
  return etherType === etherTypes.ipv6 ? answerToIpv6(packet, mtu) : undefined;
}

function answerToIpv4(packet: Uint8Array, mtu: number): Uint8Array | undefined {
  const decoded = mtu < leastMtu.ipv4 ? undefined : decodeIpv4(packet);
  if (!decoded?.dontFragment || decoded.fragmentOffset > 0) return undefined;
  const { source, destination, protocol, payload } = decoded;
  if (!isHost(source) || !isHost(destination)) return undefined;
  if (protocol === ipProtocols.icmp && icmpErrors.has(payload[0])) return undefined;
  const length = readUint16(packet, 2);
  if (length <= mtu) return undefined;
  const report = encodeIcmpUnreachable({ code: unreachableCodes.tooLong, packet: packet.subarray(0, length), mtu });
  return encodeIpv4({ source: destination, destination: source, protocol: ipProtocols.icmp, ttl: hopLimit, payload: report });
}

function answerToIpv6(packet: Uint8Array, mtu: number): Uint8Array | undefined {
  const decoded = mtu < leastMtu.ipv6 ? undefined : decodeIpv6(packet);
  if (!decoded) return undefined;
  const { source, destination, nextHeader, payload } = decoded;
  if (!isHost6(source) || !isHost6(destination) || !mayBeAnswered(nextHeader, payload)) return undefined;
  const length = ipv6HeaderLength + payload.length;
  if (length <= mtu) return undefined;
  const report = encodeIcmpv6Error({ type: 'too-big', code: 0, mtu }, packet.subarray(0, length), destination, source);
  return encodeIpv6({ source: destination, destination: source, nextHeader: icmpv6Protocol, hopLimit, payload: report });
}

function isHost(address: Ipv4Address): boolean {
  return reasonAgainstHosts({ address, prefixLength: 32 }) === undefined;
}

function isHost6(address: Ipv6Address): boolean {
  return address !== unspecifiedIpv6 && !isIpv6Multicast(address);
}

/** Returns whether the payload of an IPv6 packet, behind its extension headers, is neither a later fragment nor an error. */
function mayBeAnswered(nextHeader: number, payload: Uint8Array): boolean {
  let [header, rest] = [nextHeader, payload];
  while (extensionHeaders.has(header) && rest.length > 0) [header, rest] = [rest[0] ?? 0, rest.subarray(((rest[1] ?? 0) + 1) * 8)];
  const fragment = header === fragmentHeader ? decodeIpv6Fragment(rest) : undefined;
  if (fragment) return fragment.offset === 0 && mayBeAnswered(fragment.nextHeader, fragment.payload);
  if (header !== icmpv6Protocol) return rest.length > 0;
  const [type = 0] = rest;
  return type >= 128 && type !== redirect;
}
