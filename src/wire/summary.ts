/* Summarizes a frame in one line, for people: its sender, its receiver and its content. */
import { decodeArp, type Arp } from './arp.ts';
import { decodeBpdu, formatBridgeId, type Bpdu } from './bpdu.ts';
import { decodeDhcp, dhcpPorts, hardwareAddressOf, messageTypeOf, messageTypes, optionCodes, type DhcpMessage } from './dhcp.ts';
import { decodeDot1q, type Dot1q } from './dot1q.ts';
import { destinationOf, etherTypes, minFrame, sourceOf } from './ethernet.ts';
import { decodeIcmpEcho, decodeIcmpUnreachable, unreachableCodes, type UnreachablePacket } from './icmp.ts';
import { decodeIcmpv6Error, unreachableCodes6, type QuotedIpv6 } from './icmpv6-error.ts';
import { decodeIcmpv6, icmpv6Protocol, type Icmpv6 } from './icmpv6.ts';
import { formatIp, isIpv6, type IpAddress } from './ip.ts';
import { decodeIpv4, formatIpv4, ipProtocols, readIpv4, type Ipv4 } from './ipv4.ts';
import { decodeIpv6Fragment, fragmentHeader } from './ipv6-fragment.ts';
import { decodeIpv6, formatIpv6, type Ipv6 } from './ipv6.ts';
import { broadcastMac, formatMac, type MacAddress } from './mac.ts';
import { readUint16 } from './octets.ts';
import { decodeUdp, decodeUdpOverIpv6, type Udp } from './udp.ts';

/** Smaller values are lengths. [IEEE 802.3, 3.2.6] */
const firstEtherType = 0x600;
const typeAt = 12;
const tagLength = 4;
/** The unspecified address, 0 in both families. */
const nobody = 0;

/**
 * Returns the frame in one line: `02:00:00:00:00:01 > all, VLAN 5: ARP, who has 10.0.0.2? 10.0.0.1 asks`. A damaged part is described as
 * damaged.
 *
 * @example
 * ```ts
 * import { parseHex, summarize } from 'etherloom/wire';
 *
 * console.log(summarize(parseHex('ffffffffffff02000000000188b50102') ?? new Uint8Array()));
 * ```
 */
export function summarize(frame: Uint8Array): string {
  if (frame.length < minFrame) return `${octets(frame.length)}, too short for a frame`;
  const tags: string[] = [];
  let at = typeAt;
  for (let tag = tagAt(frame, at); tag; tag = tagAt(frame, at)) {
    tags.push(`, VLAN ${tag.vid}${tag.priority === 0 ? '' : ` priority ${tag.priority}`}`);
    at += tagLength;
  }
  const addresses = `${formatMac(sourceOf(frame))} > ${whom(destinationOf(frame))}${tags.join('')}`;
  const etherType = readUint16(frame, at);
  const isCut = etherType === etherTypes.dot1q;
  return `${addresses}: ${isCut ? 'a truncated tag' : content(etherType, frame.subarray(at + 2))}`;
}

/** Returns the tag at that offset; undefined if there is none, or it is not whole. */
function tagAt(frame: Uint8Array, at: number): Dot1q | undefined {
  return at + tagLength + 2 > frame.length ? undefined : decodeDot1q(frame.subarray(at, at + tagLength));
}

function whom(mac: MacAddress): string {
  return mac === broadcastMac ? 'all' : formatMac(mac);
}

function content(etherType: number, payload: Uint8Array): string {
  switch (etherType) {
    case etherTypes.arp:
      return said('ARP', decodeArp(payload), arp);
    case etherTypes.ipv4:
      return said('IPv4', decodeIpv4(payload), ipv4);
    case etherTypes.ipv6:
      return said('IPv6', decodeIpv6(payload), ipv6);
    default:
      if (etherType >= firstEtherType) return `EtherType 0x${etherType.toString(16).padStart(4, '0')}, ${octets(payload.length)}`;
      return isBpdu(payload) ? said('BPDU', decodeBpdu(payload), bpdu) : `802.3, ${octets(etherType)}`;
  }
}

/** Describes decoded content, or the failure to decode it. */
function said<Content>(name: string, decoded: Content | undefined, say: (content: Content) => string): string {
  return decoded === undefined ? `${name}, damaged` : say(decoded);
}

function arp({ operation, senderMac, senderAddress, targetAddress }: Arp): string {
  const [sender, target] = [formatIpv4(senderAddress), formatIpv4(targetAddress)];
  if (operation === 'reply') return `ARP, ${sender} is at ${formatMac(senderMac)}`;
  if (sender === target) return `ARP, announcement: ${sender} is at ${formatMac(senderMac)}`;
  return `ARP, who has ${target}? ${senderAddress === nobody ? 'a probe' : `${sender} asks`}`;
}

function ipv4(packet: Ipv4): string {
  const { source, destination, protocol, payload, moreFragments, fragmentOffset } = packet;
  const ways = `${formatIpv4(source)} > ${formatIpv4(destination)}`;
  if (moreFragments || fragmentOffset > 0) return `IPv4 ${ways}, a fragment of protocol ${protocol}, ${octets(payload.length)}`;
  if (protocol === ipProtocols.udp) return said(`UDP ${ways}`, decodeUdp(payload, source, destination), (udp) => datagram(udp, packet));
  if (protocol === ipProtocols.tcp && payload.length >= 4) return `TCP ${between(packet, readUint16(payload, 0), readUint16(payload, 2))}`;
  if (protocol !== ipProtocols.icmp) return `IPv4 ${ways}, protocol ${protocol}, ${octets(payload.length)}`;
  const echo = decodeIcmpEcho(payload);
  if (echo) return `ICMP ${ways}, echo ${echo.type} ${echo.sequence}`;
  const unreachable = decodeIcmpUnreachable(payload);
  return `ICMP ${ways}, ${unreachable ? notReached(unreachable) : `type ${payload[0] ?? 'unknown'}`}`;
}

function notReached({ code, destination, protocol, start, length, mtu }: UnreachablePacket): string {
  if (code === unreachableCodes.tooLong) return tooBig(length, destination, mtu);
  return `${nameOf(code, unreachableCodes, protocol, start)} of ${formatIpv4(destination)} unreachable`;
}

/** Names the unreachable part of a host: by its code or, if that is a port of UDP, by its number. */
function nameOf(code: number, codes: typeof unreachableCodes | typeof unreachableCodes6, protocol: number, start: Uint8Array): string {
  if (code === codes.port && protocol === ipProtocols.udp) return `UDP port ${readUint16(start, 2)}`;
  return Object.entries(codes).find(([, known]) => known === code)?.[0] ?? `code ${code}`;
}

function tooBig(length: number, destination: IpAddress, mtu: number): string {
  return `packet of ${octets(length)} to ${formatIp(destination)} too big, MTU ${mtu === 0 ? 'unknown' : mtu}`;
}

function between({ source, destination }: { source: IpAddress; destination: IpAddress }, from: number, to: number): string {
  return `${withPort(source, from)} > ${withPort(destination, to)}`;
}

function withPort(address: IpAddress, port: number): string {
  return isIpv6(address) ? `[${formatIpv6(address)}]:${port}` : `${formatIpv4(address)}:${port}`;
}

function datagram({ sourcePort, destinationPort, payload }: Udp, packet: Ipv4): string {
  const ports: readonly number[] = [sourcePort, destinationPort];
  const message = ports.includes(dhcpPorts.server) && ports.every((port) => isOfDhcp(port)) ? decodeDhcp(payload) : undefined;
  return message ? dhcp(message) : `UDP ${between(packet, sourcePort, destinationPort)}, ${octets(payload.length)}`;
}

function isOfDhcp(port: number): boolean {
  return port === dhcpPorts.server || port === dhcpPorts.client;
}

function dhcp(message: DhcpMessage): string {
  const type = messageTypeOf(message);
  const name =
    Object.entries(messageTypes)
      .find(([, number]) => number === type)?.[0]
      .toUpperCase() ?? `type ${type ?? 'unknown'}`;
  const requested = message.options.get(optionCodes.requestedAddress);
  const wanted = requested?.length === 4 ? readIpv4(requested, 0) : message.ciaddr;
  const address = message.yiaddr === nobody ? wanted : message.yiaddr;
  const client = hardwareAddressOf(message);
  const [which, who] = [address === nobody ? '' : ` ${formatIpv4(address)}`, client === undefined ? '' : ` for ${formatMac(client)}`];
  return `DHCP ${name}${which}${who}, xid ${message.xid.toString(16).padStart(8, '0')}`;
}

function ipv6(packet: Ipv6): string {
  const { source, destination, nextHeader, payload } = packet;
  const ways = `${formatIpv6(source)} > ${formatIpv6(destination)}`;
  const fragment = nextHeader === fragmentHeader ? decodeIpv6Fragment(payload) : undefined;
  if (fragment) return `IPv6 ${ways}, a fragment of protocol ${fragment.nextHeader}, ${octets(fragment.payload.length)}`;
  if (nextHeader === ipProtocols.udp) {
    return said(`UDP ${ways}`, decodeUdpOverIpv6(payload, source, destination), ({ sourcePort, destinationPort, payload: content }) => {
      return `UDP ${between(packet, sourcePort, destinationPort)}, ${octets(content.length)}`;
    });
  }
  if (nextHeader !== icmpv6Protocol) return `IPv6 ${ways}, next header ${nextHeader}, ${octets(payload.length)}`;
  const message = decodeIcmpv6(payload, source, destination);
  const error = message ? undefined : decodeIcmpv6Error(payload, source, destination);
  return `ICMPv6 ${ways}, ${message ? icmpv6(message) : error ? notReached6(error) : `type ${payload[0] ?? 'unknown'}`}`;
}

function notReached6({ type, code, destination, nextHeader, start, length, mtu }: QuotedIpv6): string {
  if (type === 'too-big') return tooBig(length, destination, mtu);
  return `${nameOf(code, unreachableCodes6, nextHeader, start)} of ${formatIpv6(destination)} unreachable`;
}

function icmpv6(message: Icmpv6): string {
  if ('payload' in message) return `${message.type.replace('-', ' ')} ${message.sequence}`;
  const target = formatIpv6(message.target);
  if (message.type === 'neighbour-solicitation') return `who has ${target}?`;
  return `${target} is ${message.mac === undefined ? 'here' : `at ${formatMac(message.mac)}`}`;
}

/** Returns whether a payload has the LLC header of spanning trees. [IEEE 802.1D-2004, 7.12.3] */
function isBpdu(payload: Uint8Array): boolean {
  return payload[0] === 0x42 && payload[1] === 0x42;
}

function bpdu({ role, forwarding, proposal, agreement, topologyChange, root, rootPathCost, bridge, port, messageAge }: Bpdu): string {
  const flags = Object.entries({ forwarding, proposal, agreement, 'topology change': topologyChange }).filter(([, set]) => set);
  const sender = `${role} port ${port.toString(16).padStart(4, '0')} of ${formatBridgeId(bridge)}`;
  const way = `root ${formatBridgeId(root)} at ${rootPathCost}, ${messageAge} s old`;
  return [`BPDU, ${sender}`, way, ...flags.map(([flag]) => flag)].join(', ');
}

function octets(count: number): string {
  return count === 1 ? '1 octet' : `${count} octets`;
}
