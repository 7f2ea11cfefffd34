/* A number for the flow of a frame, by which frames are spread over paths while those of one flow stay in order. [RFC 7348, 5; RFC 6438] */
import { etherTypes } from './ethernet.ts';
import { fragmentHeader } from './ipv6-fragment.ts';
import { ipProtocols } from './ipv4.ts';
import { readUint16, readUint32 } from './octets.ts';

const etherTypeAt = 12;
const tagLength = 4;
const ipv4MinHeader = 20;
const ipv6Header = 40;

/** The protocols whose headers begin with the two ports: TCP, UDP, DCCP, SCTP, UDP-Lite. [IANA protocol-numbers] */
const withPorts: ReadonlySet<number> = new Set([ipProtocols.tcp, ipProtocols.udp, 33, 132, 136]);

/**
 * Returns a 32-bit number that is the same for all frames of a flow: the same MAC addresses, VLAN and EtherType, and in an IP packet the same
 * addresses, protocol and ports. Fragments have the number of their flow without ports, the first fragment too. A frame may be of any length;
 * missing octets count as zero.
 */
export function flowHash(frame: Uint8Array): number {
  let hash = mix(mix(mix(0, readUint32(frame, 0)), readUint32(frame, 4)), readUint32(frame, 8));
  let at = etherTypeAt;
  let type = readUint16(frame, at);
  if (type === etherTypes.dot1q) {
    hash = mix(hash, readUint16(frame, at + 2) & 0xfff);
    at += tagLength;
    type = readUint16(frame, at);
  }
  hash = mix(hash, type);
  at += 2;
  if (type === etherTypes.ipv4) hash = mixIpv4(hash, frame, at);
  else if (type === etherTypes.ipv6) hash = mixIpv6(hash, frame, at);
  return finish(hash);
}

function mixIpv4(hash: number, packet: Uint8Array, at: number): number {
  if (packet.length < at + ipv4MinHeader) return hash;
  const protocol = packet[at + 9] ?? 0;
  const flow = mix(mix(mix(hash, readUint32(packet, at + 12)), readUint32(packet, at + 16)), protocol);
  const isFragment = (readUint16(packet, at + 6) & 0x3fff) !== 0;
  return isFragment || !withPorts.has(protocol) ? flow : mix(flow, readUint32(packet, at + ((packet[at] ?? 0) & 0xf) * 4));
}

function mixIpv6(hash: number, packet: Uint8Array, at: number): number {
  if (packet.length < at + ipv6Header) return hash;
  let flow = hash;
  for (let word = at + 8; word < at + ipv6Header; word += 4) flow = mix(flow, readUint32(packet, word));
  const next = packet[at + 6] ?? 0;
  // A fragment counts with its payload's protocol, so that the headers of all fragments give the same number.
  if (next === fragmentHeader) return mix(flow, packet[at + ipv6Header] ?? 0);
  flow = mix(flow, next);
  return withPorts.has(next) ? mix(flow, readUint32(packet, at + ipv6Header)) : flow;
}

/** Takes one more word in, as MurmurHash3 does for 32 bits. */
function mix(hash: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e_2d51);
  mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b87_3593) ^ hash;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe654_6b64) | 0;
}

/** Spreads the differences over all bits. */
function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
