/** Translates between frames of the link and the messages of a DHCP server: ARP, echo, and DHCP over UDP, IPv4, Ethernet and 802.1Q. */
import { decodeArp, encodeArp, type Arp } from '../wire/arp.ts';
import { internetChecksum, pseudoHeaderSum } from '../wire/checksum.ts';
import { bootpLength, decodeDhcp, dhcpPorts, encodedDhcpLength, writeDhcp, type DhcpMessage } from '../wire/dhcp.ts';
import { addTag, isTagged, minTaggedFrame, removeTag, tciOf, vidOf } from '../wire/dot1q.ts';
import { decodeEthernet, encodeEthernet, etherTypes, minFrame, writeEthernetHeader, type Ethernet } from '../wire/ethernet.ts';
import { decodeIcmpEcho, encodeIcmpEcho, type IcmpEcho } from '../wire/icmp.ts';
import {
  limitedBroadcast,
  broadcastOf,
  decodeIpv4,
  encodeIpv4,
  ipProtocols,
  ipv4FromNumber,
  ipv4HeaderLength,
  writeIpv4Header,
  type Ipv4,
  type Ipv4Address,
} from '../wire/ipv4.ts';
import { broadcastMac, type MacAddress } from '../wire/mac.ts';
import { readUint16, writeUint16 } from '../wire/octets.ts';
import { decodeUdp, udpHeaderLength, writeUdpHeader, type Udp } from '../wire/udp.ts';
import type { DhcpConfig } from './config.ts';
import type { Destination, Reply } from './reply.ts';

/** The reason why a frame has no message for the server. */
export type PacketDrop =
  | 'short-ethernet' // shorter than its headers
  | 'double-tagged' // a tag within a tag
  | 'other-vlan' // of a VLAN that is not served
  | 'not-for-us' // for another station, or of another protocol
  | 'bad-arp' // not ARP for IPv4 on Ethernet
  | 'bad-ipv4' // lengths or header checksum
  | 'fragment' // of an IPv4 packet; DHCP clients send none
  | 'bad-source' // from an address that hosts cannot have
  | 'bad-udp' // lengths or checksum
  | 'partial-checksum' // of a DHCP message: the sender left it to its card, which did not finish it
  | 'bad-icmp' // not an echo request, or its checksum
  | 'malformed-dhcp'; // too short, no cookie, or an option that runs past the end

/** The other side of the link. */
export interface Peer {
  /** The source of its frame. */
  readonly mac: MacAddress;
  /** PCP, DEI and VID of its frame's tag, which the answer also gets; undefined if it had none. */
  readonly tci: number | undefined;
}

/** A message to the server. */
export type Packet =
  | { readonly kind: 'arp'; readonly peer: Peer; readonly arp: Arp }
  | { readonly kind: 'echo'; readonly peer: Peer; readonly source: Ipv4Address; readonly echo: IcmpEcho }
  | { readonly kind: 'dhcp'; readonly peer: Peer; readonly source: Ipv4Address; readonly unicast: boolean; readonly message: DhcpMessage };

/** Decodes a frame. The packet has views of it, which are valid as long as the frame is. */
export function readPacket(config: DhcpConfig, frame: Uint8Array): Packet | PacketDrop {
  const ethernet = decodeEthernet(frame);
  if (ethernet === undefined) return 'short-ethernet';
  if (ethernet.destination !== broadcastMac && ethernet.destination !== config.serverMac) return 'not-for-us';
  // A frame without a tag, or with a tag for priority only, belongs to VLAN 0. [IEEE 802.1Q, 6.9.1]
  if (!isTagged(frame)) return config.vid === 0 ? readPayload(config, ethernet, { mac: ethernet.source, tci: undefined }) : 'other-vlan';
  if (frame.length < minTaggedFrame) return 'short-ethernet';
  if (vidOf(frame) !== config.vid) return 'other-vlan';
  const untagged = decodeEthernet(removeTag(frame));
  if (untagged === undefined) return 'short-ethernet';
  if (untagged.etherType === etherTypes.dot1q) return 'double-tagged';
  return readPayload(config, untagged, { mac: ethernet.source, tci: tciOf(frame) });
}

/** Returns the frame of a reply, made in one piece. `tci` as in Peer; `identification` distinguishes IPv4 packets. */
export function replyFrame(config: DhcpConfig, { message, to }: Reply, tci: number | undefined, identification: number): Uint8Array {
  const [source, destination] = [config.serverAddress, to.address];
  const header = { source, destination, protocol: ipProtocols.udp, identification };
  const segmentAt = minFrame + ipv4HeaderLength(header);
  const messageAt = segmentAt + udpHeaderLength;
  const frame = new Uint8Array(messageAt + Math.max(encodedDhcpLength(message), bootpLength));
  writeDhcp(frame.subarray(messageAt), message);
  writeUdpHeader(frame.subarray(segmentAt), { sourcePort: dhcpPorts.server, destinationPort: to.port }, source, destination);
  writeIpv4Header(frame.subarray(minFrame), header);
  writeEthernetHeader(frame, { destination: to.mac, source: config.serverMac, etherType: etherTypes.ipv4 });
  return tci === undefined ? frame : addTag(frame, tci);
}

/** Returns the frame that answers an echo request. */
export function echoReplyFrame(config: DhcpConfig, peer: Peer, address: Ipv4Address, echo: IcmpEcho, identification: number): Uint8Array {
  const payload = encodeIcmpEcho({ ...echo, type: 'reply' });
  return ipv4Frame(config, { mac: peer.mac, address }, peer.tci, { protocol: ipProtocols.icmp, payload, identification });
}

/** Returns the frame that answers a request for the server's own address. */
export function arpReplyFrame(config: DhcpConfig, peer: Peer, request: Arp): Uint8Array {
  const { senderMac: targetMac, senderAddress: targetAddress } = request;
  return arpFrame(config, peer.mac, peer.tci, { operation: 'reply', ...serverOf(config), targetMac, targetAddress });
}

/** Returns the frame that asks all stations, or one, for the user of `address`. */
export function arpRequestFrame(config: DhcpConfig, address: Ipv4Address, tci: number | undefined, station = broadcastMac): Uint8Array {
  const targetMac = 0 as MacAddress;
  return arpFrame(config, station, tci, { operation: 'request', ...serverOf(config), targetMac, targetAddress: address });
}

function readPayload(config: DhcpConfig, { etherType, payload }: Ethernet, peer: Peer): Packet | PacketDrop {
  if (etherType === etherTypes.arp) {
    const arp = decodeArp(payload);
    return arp === undefined ? 'bad-arp' : { kind: 'arp', peer, arp };
  }
  if (etherType !== etherTypes.ipv4) return 'not-for-us';
  const packet = decodeIpv4(payload);
  if (packet === undefined) return 'bad-ipv4';
  const toAll = packet.destination === limitedBroadcast || packet.destination === broadcastOf(config.network);
  if (!toAll && packet.destination !== config.serverAddress) return 'not-for-us';
  if (packet.moreFragments || packet.fragmentOffset !== 0) return 'fragment';
  if (isNoHost(packet.source)) return 'bad-source';
  if (packet.protocol === ipProtocols.udp) return readUdp(config, packet, peer, !toAll);
  return packet.protocol === ipProtocols.icmp && !toAll ? readEcho(packet, peer) : 'not-for-us';
}

function readUdp(config: DhcpConfig, { source, destination, payload }: Ipv4, peer: Peer, unicast: boolean): Packet | PacketDrop {
  const finished = decodeUdp(payload, source, destination);
  const udp = finished ?? decodeUnfinished(payload, source, destination);
  if (udp === undefined) return 'bad-udp';
  if (udp.destinationPort !== dhcpPorts.server) return 'not-for-us';
  if (finished === undefined && !config.laxChecksum) return 'partial-checksum';
  const message = decodeDhcp(udp.payload);
  return message === undefined ? 'malformed-dhcp' : { kind: 'dhcp', peer, source, unicast, message };
}

/** Decodes a segment whose checksum the sender's card should have finished: the field holds the sum of the pseudo header alone. */
function decodeUnfinished(segment: Uint8Array, source: Ipv4Address, destination: Ipv4Address): Udp | undefined {
  const sum = pseudoHeaderSum(source, destination, ipProtocols.udp, readUint16(segment, 4));
  if (readUint16(segment, 6) !== (internetChecksum(new Uint8Array(0), sum) ^ 0xffff)) return undefined;
  const unchecked = segment.slice();
  writeUint16(unchecked, 6, 0);
  return decodeUdp(unchecked, source, destination);
}

function readEcho({ source, payload }: Ipv4, peer: Peer): Packet | PacketDrop {
  const echo = decodeIcmpEcho(payload);
  if (echo?.type !== 'request') return 'bad-icmp';
  return source === 0 ? 'bad-source' : { kind: 'echo', peer, source, echo };
}

/**
 * Returns true for loopback, multicast, reserved and broadcast addresses; 0.0.0.0 is that of a client without an address. [RFC 1122,
 * 3.2.1.3]
 */
function isNoHost(address: Ipv4Address): boolean {
  return address >>> 24 === 127 || address >= ipv4FromNumber(0xe000_0000);
}

type Outgoing = Pick<Ipv4, 'protocol' | 'payload' | 'identification'>;

function ipv4Frame(config: DhcpConfig, to: Omit<Destination, 'port'>, tci: number | undefined, packet: Outgoing): Uint8Array {
  const payload = encodeIpv4({ ...packet, source: config.serverAddress, destination: to.address });
  return linkFrame(config, to.mac, tci, etherTypes.ipv4, payload);
}

function arpFrame(config: DhcpConfig, to: MacAddress, tci: number | undefined, arp: Arp): Uint8Array {
  return linkFrame(config, to, tci, etherTypes.arp, encodeArp(arp));
}

function linkFrame(
  config: DhcpConfig,
  destination: MacAddress,
  tci: number | undefined,
  etherType: number,
  payload: Uint8Array,
): Uint8Array {
  const frame = encodeEthernet({ destination, source: config.serverMac, etherType, payload });
  return tci === undefined ? frame : addTag(frame, tci);
}

function serverOf(config: DhcpConfig): Pick<Arp, 'senderMac' | 'senderAddress'> {
  return { senderMac: config.serverMac, senderAddress: config.serverAddress };
}
