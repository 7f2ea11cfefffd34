/*
 * ICMPv6: echo, and the two messages by which neighbours find each other. [RFC 4443, 2.1, 4; RFC 4861, 4.3, 4.4, 4.6.1]
 *
 *    0      1      2          4                 8
 *   +------+------+----------+-----------------+----------------
 *   | type | code | checksum |   (below)       |  (below)
 *   +------+------+----------+-----------------+----------------
 *    128, 129  echo request, reply             4: identifier, sequence   8: payload
 *    135       neighbour solicitation          4: zero                   8: target (16), options
 *    136       neighbour advertisement         4: R S O, zero            8: target (16), options
 *
 *   An option: type, length in units of 8 octets, value. 1: MAC address of the source; 2: MAC address of the target.
 */
import { internetChecksum, ipv6PseudoHeaderSum } from './checksum.ts';
import { isGroupMac, readMac, writeMac, type MacAddress } from './mac.ts';
import { readUint16, writeUint16 } from './octets.ts';
import { isIpv6Multicast, readIpv6, writeIpv6, type Ipv6Address } from './ipv6.ts';

/** A decoded echo message. */
export interface Icmpv6Echo {
  readonly type: 'echo-request' | 'echo-reply';
  readonly identifier: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** A request for the MAC address of an address's owner. */
export interface NeighbourSolicitation {
  readonly type: 'neighbour-solicitation';
  readonly target: Ipv6Address;
  /** The MAC address of the asking host; undefined if the message has none, as in a probe. */
  readonly mac: MacAddress | undefined;
}

/** The answer of an address's owner. */
export interface NeighbourAdvertisement {
  readonly type: 'neighbour-advertisement';
  readonly target: Ipv6Address;
  /** The MAC address of the owner; undefined if the message has none. */
  readonly mac: MacAddress | undefined;
  readonly router: boolean;
  /** True if it answers a solicitation. */
  readonly solicited: boolean;
  /** True if the receiver should replace the MAC address that it knows. */
  readonly override: boolean;
}

/** The messages that a host of this package handles. */
export type Icmpv6 = Icmpv6Echo | NeighbourSolicitation | NeighbourAdvertisement;

/** The number of ICMPv6 as a next header. [IANA protocol-numbers] */
export const icmpv6Protocol = 58;

const types = { 'echo-request': 128, 'echo-reply': 129, 'neighbour-solicitation': 135, 'neighbour-advertisement': 136 } as const;
const [sourceMac, targetMac] = [1, 2];
const flags = { router: 0x80, solicited: 0x40, override: 0x20 };
const echoHeaderLength = 8;
const neighbourHeaderLength = 24;

/**
 * Decodes a message, the payload of a packet from `source` to `destination`. Returns undefined if it is of another kind, the checksum is
 * wrong, or a neighbour message is not valid. [RFC 4861, 7.1]
 */
export function decodeIcmpv6(message: Uint8Array, source: Ipv6Address, destination: Ipv6Address): Icmpv6 | undefined {
  if (message.length < echoHeaderLength || message[1] !== 0) return undefined;
  const type = message[0];
  const isEcho = type === types['echo-request'] || type === types['echo-reply'];
  if (!isEcho && type !== types['neighbour-solicitation'] && type !== types['neighbour-advertisement']) return undefined;
  if (internetChecksum(message, ipv6PseudoHeaderSum(source, destination, icmpv6Protocol, message.length)) !== 0) return undefined;
  if (!isEcho) return decodeNeighbour(message);
  return {
    type: type === types['echo-request'] ? 'echo-request' : 'echo-reply',
    identifier: readUint16(message, 4),
    sequence: readUint16(message, 6),
    payload: message.subarray(echoHeaderLength),
  };
}

/** Encodes a message from `source` to `destination`, with its checksum. */
export function encodeIcmpv6(content: Icmpv6, source: Ipv6Address, destination: Ipv6Address): Uint8Array {
  const message = 'payload' in content ? encodeEcho(content) : encodeNeighbour(content);
  message[0] = types[content.type];
  writeUint16(message, 2, internetChecksum(message, ipv6PseudoHeaderSum(source, destination, icmpv6Protocol, message.length)));
  return message;
}

function encodeEcho({ identifier, sequence, payload }: Icmpv6Echo): Uint8Array {
  const message = new Uint8Array(echoHeaderLength + payload.length);
  writeUint16(message, 4, identifier);
  writeUint16(message, 6, sequence);
  message.set(payload, echoHeaderLength);
  return message;
}

function encodeNeighbour(content: NeighbourSolicitation | NeighbourAdvertisement): Uint8Array {
  const { type, target, mac } = content;
  const message = new Uint8Array(neighbourHeaderLength + (mac === undefined ? 0 : 8));
  if (type === 'neighbour-advertisement') {
    const { router, solicited, override } = content;
    message[4] = (router ? flags.router : 0) | (solicited ? flags.solicited : 0) | (override ? flags.override : 0);
  }
  writeIpv6(message, 8, target);
  if (mac === undefined) return message;
  message[neighbourHeaderLength] = type === 'neighbour-solicitation' ? sourceMac : targetMac;
  message[neighbourHeaderLength + 1] = 1;
  writeMac(message, neighbourHeaderLength + 2, mac);
  return message;
}

function decodeNeighbour(message: Uint8Array): NeighbourSolicitation | NeighbourAdvertisement | undefined {
  if (message.length < neighbourHeaderLength) return undefined;
  const target = readIpv6(message, 8);
  const options = macOptions(message);
  if (options === undefined || isIpv6Multicast(target)) return undefined;
  if (message[0] === types['neighbour-solicitation']) return { type: 'neighbour-solicitation', target, mac: options.get(sourceMac) };
  const bits = message[4] ?? 0;
  const [router, solicited, override] = [flags.router, flags.solicited, flags.override].map((flag) => (bits & flag) !== 0);
  const said = { router: router === true, solicited: solicited === true, override: override === true };
  return { type: 'neighbour-advertisement', target, mac: options.get(targetMac), ...said };
}

/** Returns the MAC addresses in the options, by option type; undefined if an option has length zero or does not fit. */
function macOptions(message: Uint8Array): Map<number | undefined, MacAddress> | undefined {
  const macs = new Map<number | undefined, MacAddress>();
  for (let at = neighbourHeaderLength, length; at < message.length; at += length) {
    length = (message[at + 1] ?? 0) * 8;
    if (length === 0 || at + length > message.length) return undefined;
    const mac = readMac(message, at + 2);
    if (!isGroupMac(mac)) macs.set(message[at], mac);
  }
  return macs;
}
