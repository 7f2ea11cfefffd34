import { chaddrOf, dhcpOps, encodeDhcp, messageTypes, optionCodes, type DhcpMessage } from '../../src/wire/dhcp.ts';
import { encodeArp, type Arp } from '../../src/wire/arp.ts';
import { bridgeGroupMac } from '../../src/wire/bpdu.ts';
import { addTag } from '../../src/wire/dot1q.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { encodeIcmpv6, icmpv6Protocol, type Icmpv6 } from '../../src/wire/icmpv6.ts';
import { encodeIpv4, ipProtocols, ipv4FromNumber, limitedBroadcast, unspecifiedIpv4, type Ipv4Header } from '../../src/wire/ipv4.ts';
import { allNodes, encodeIpv6, linkLocalOf, multicastMacOf, unspecifiedIpv6, type Ipv6Address } from '../../src/wire/ipv6.ts';
import { encodeIpv6Fragment } from '../../src/wire/ipv6-fragment.ts';
import { broadcastMac, macFromNumber, type MacAddress } from '../../src/wire/mac.ts';
import { encodeUdp, encodeUdpOverIpv6 } from '../../src/wire/udp.ts';
import { strangersPolicy, type SenderPolicy, type SenderRule } from '../../src/switch/sender-policy.ts';

/** The stations of these frames: the hostile one, its victim, and the server. */
export const [thief, victim, server] = [0x0265_6c00_0003, 0x0265_6c00_0002, 0x0265_6c01_1234].map(macFromNumber) as [
  MacAddress,
  MacAddress,
  MacAddress,
];
export const [thiefAddress, victimAddress, serverAddress] = [0x0a4d_000d, 0x0a4d_000c, 0x0a4d_0001].map(ipv4FromNumber) as [
  ReturnType<typeof ipv4FromNumber>,
  ReturnType<typeof ipv4FromNumber>,
  ReturnType<typeof ipv4FromNumber>,
];

/** The policy of the port of the hostile station: it has neither the addresses of the victim nor those of the server. */
export const policy: SenderPolicy = {
  ...strangersPolicy,
  mayUse: (mac) => mac !== victim && mac !== server,
  mayClaim: (address) => address !== victimAddress && address !== serverAddress,
};

/** A frame and what it is. */
export type Named = readonly [name: string, frame: Uint8Array];

/** Returns a frame of the hostile station. */
export function frameOf(etherType: number, payload: Uint8Array, { source = thief, destination = broadcastMac } = {}): Uint8Array {
  return encodeEthernet({ source, destination, etherType, payload });
}

/** Returns an ARP frame of the hostile station. */
export function arp(fields: Partial<Arp>): Uint8Array {
  const own = { senderMac: thief, senderAddress: thiefAddress, targetMac: macFromNumber(0), targetAddress: victimAddress };
  return frameOf(etherTypes.arp, encodeArp({ operation: 'request', ...own, ...fields }));
}

/** Returns an IPv4 frame of the hostile station. */
export function ipv4(header: Partial<Ipv4Header>, payload: Uint8Array = new Uint8Array(32)): Uint8Array {
  const fields = { source: thiefAddress, destination: limitedBroadcast, protocol: ipProtocols.tcp, ...header };
  return frameOf(etherTypes.ipv4, encodeIpv4({ ...fields, payload }));
}

/** Returns a UDP frame of the hostile station. */
export function udp(destinationPort: number, payload: Uint8Array, header: Partial<Ipv4Header> = {}): Uint8Array {
  const addresses = { source: thiefAddress, destination: limitedBroadcast, ...header };
  const segment = encodeUdp({ sourcePort: 67, destinationPort, payload }, addresses.source, addresses.destination);
  return ipv4({ ...addresses, protocol: ipProtocols.udp }, segment);
}

/** Returns a DHCP message in the name of a MAC address. */
export function dhcp(op: keyof typeof dhcpOps, mac: MacAddress, type: keyof typeof messageTypes): Uint8Array {
  const message: DhcpMessage = {
    op: dhcpOps[op],
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 7,
    secs: 0,
    broadcast: true,
    ciaddr: unspecifiedIpv4,
    yiaddr: unspecifiedIpv4,
    siaddr: unspecifiedIpv4,
    giaddr: unspecifiedIpv4,
    chaddr: chaddrOf(mac),
    sname: new Uint8Array(0),
    file: new Uint8Array(0),
    options: new Map([[optionCodes.messageType, Uint8Array.of(messageTypes[type])]]),
  };
  return encodeDhcp(message);
}

/** An IPv6 packet: its source, and the protocol of its payload. */
interface V6 {
  readonly source?: Ipv6Address;
  readonly nextHeader?: number;
}

/** Returns an IPv6 frame of the hostile station. */
export function ipv6(payload: Uint8Array, { source = linkLocalOf(thief), nextHeader = icmpv6Protocol }: V6 = {}): Uint8Array {
  const packet = encodeIpv6({ source, destination: allNodes, nextHeader, hopLimit: 255, payload });
  return frameOf(etherTypes.ipv6, packet, { destination: multicastMacOf(allNodes) });
}

/** Returns a message of neighbour discovery, or an echo. */
export function icmpv6(content: Icmpv6, source: Ipv6Address = linkLocalOf(thief)): Uint8Array {
  return encodeIcmpv6(content, source, allNodes);
}

/** Returns an advertisement of the address that follows from a MAC address, for the MAC address of its option. */
export function advertisement(of: MacAddress, mac: MacAddress | undefined): Icmpv6 {
  return { type: 'neighbour-advertisement', target: linkLocalOf(of), mac, router: false, solicited: false, override: true };
}

/** Returns an ICMPv6 message that `wire` has no codec for, with an option. */
export function rawIcmpv6(type: number, before: number, option: readonly number[] = []): Uint8Array {
  return Uint8Array.from([type, 0, 0, 0, ...new Uint8Array(before), ...option]);
}

/** Returns an extension header of 8 octets, or of a length that its field makes. */
export function extension(nextHeader: number, payload: Uint8Array, field = 0, length = 8): Uint8Array {
  return Uint8Array.from([nextHeader, field, ...new Uint8Array(length - 2), ...payload]);
}

/** Returns a fragment of a payload. */
export function fragment(nextHeader: number, payload: Uint8Array, offset = 0, more = offset === 0): Uint8Array {
  return encodeIpv6Fragment({ nextHeader, offset, more, identification: 9, payload });
}

/** Puts octets before the EtherType of a frame. */
export function before(frame: Uint8Array, ...octets: readonly number[]): Uint8Array {
  return Uint8Array.from([...frame.subarray(0, 12), ...octets, ...frame.subarray(12)]);
}

/** Returns the octets of a MAC address. */
export function octetsOf(mac: MacAddress): number[] {
  return Array.from({ length: 6 }, (_, i) => Math.floor(mac / 2 ** (40 - 8 * i)) & 0xff);
}

const echo = icmpv6({ type: 'echo-request', identifier: 1, sequence: 1, payload: new Uint8Array(40) });
const poison = icmpv6(advertisement(victim, thief));
const snap = [0, 60, 0xaa, 0xaa, 3, 0, 0, 0];
const routerOption = [1, 1, ...octetsOf(thief)];
const group = macFromNumber(0x0100_5e00_0001);
const nothing = new Uint8Array(46);
const tenTags = Array.from({ length: 9 }).reduce<Uint8Array>((frame) => addTag(frame, 0), arp({ senderAddress: victimAddress }));
const [discover, offer] = [dhcp('request', thief, 'discover'), dhcp('reply', victim, 'offer')];
const dhcpv6 = (destinationPort: number, type = 1): Uint8Array =>
  encodeUdpOverIpv6({ sourcePort: 547, destinationPort, payload: Uint8Array.from([type, ...nothing]) }, linkLocalOf(thief), allNodes);
const icmp = (type: number, header: Partial<Ipv4Header> = {}): Uint8Array =>
  ipv4({ protocol: ipProtocols.icmp, ...header }, Uint8Array.from([type, ...nothing]));
const global = ((0x2001_0db8n << 96n) | (linkLocalOf(victim) & 0xffff_ffff_ffff_ffffn)) as Ipv6Address;

/** Frames that break each rule. */
export const hostile: Readonly<Record<SenderRule, readonly Named[]>> = {
  'forged-mac': [
    ['from the victim', frameOf(0x88b5, nothing, { source: victim })],
    ['from the server', frameOf(0x88b5, nothing, { source: server })],
    ['from a group', frameOf(0x88b5, nothing, { source: group })],
    ['from the victim, with a tag', addTag(frameOf(0x88b5, nothing, { source: victim }), 5)],
  ],
  'bridge-frame': [
    ['to all bridges', frameOf(38, nothing, { destination: bridgeGroupMac })],
    ['to the last group of bridges', frameOf(0x88cc, nothing, { destination: macFromNumber(0x0180_c200_000f) })],
    ['of trees of each VLAN', frameOf(50, nothing, { destination: macFromNumber(0x0100_0ccc_cccd) })],
    ['to all bridges, with a tag', addTag(frameOf(38, nothing, { destination: bridgeGroupMac }), 5)],
  ],
  unreadable: [
    ['nine tags', tenTags],
    ['an advertisement in a first fragment', ipv6(fragment(58, poison), { nextHeader: 44 })],
    ['an advertisement in an only fragment', ipv6(fragment(58, poison, 0, false), { nextHeader: 44 })],
    ['a router advertisement in a fragment', ipv6(fragment(58, rawIcmpv6(134, 12)), { nextHeader: 44 })],
    ['a header behind that of a fragment', ipv6(fragment(60, extension(58, poison)), { nextHeader: 44 })],
    ['a later fragment that begins with a header', ipv6(fragment(60, echo, 2), { nextHeader: 44 })],
    ['a fragment in a fragment', ipv6(fragment(44, fragment(58, echo)), { nextHeader: 44 })],
    ['a fragment without a type', ipv6(fragment(58, new Uint8Array(0)), { nextHeader: 44 })],
    ['a fragment without ports', ipv6(fragment(17, new Uint8Array(3)), { nextHeader: 44 })],
    ['a header beyond the end', ipv6(extension(58, poison, 200), { nextHeader: 60 })],
    ['a header that is cut off', ipv6(new Uint8Array(7), { nextHeader: 60 })],
    [
      'nine headers',
      ipv6(
        Array.from({ length: 8 }).reduce<Uint8Array>((rest) => extension(60, rest), extension(58, poison)),
        { nextHeader: 60 },
      ),
    ],
    ['a request of DHCPv6 in a fragment', ipv6(fragment(17, dhcpv6(547)), { nextHeader: 44 })],
    ['a request of DHCP in a fragment', udp(67, discover, { moreFragments: true })],
  ],
  'forged-arp': [
    ['a reply for the victim', arp({ operation: 'reply', senderAddress: victimAddress, targetAddress: serverAddress })],
    ['a request as the server', arp({ senderAddress: serverAddress })],
    ['an announcement', arp({ senderAddress: victimAddress, targetAddress: victimAddress })],
    ["the victim's MAC address", arp({ senderMac: victim })],
    ["the server's MAC address", arp({ senderMac: server })],
    ["a probe for the victim's address", arp({ senderAddress: unspecifiedIpv4, targetAddress: victimAddress })],
    ["a probe for the server's address", arp({ senderAddress: unspecifiedIpv4, targetAddress: serverAddress })],
    ['in a VLAN', addTag(arp({ senderAddress: victimAddress }), 5)],
    ['in a VLAN behind a priority tag', addTag(addTag(arp({ senderAddress: victimAddress }), 5), 0)],
    ['behind a service tag', before(arp({ senderAddress: victimAddress }), 0x88, 0xa8, 0, 7)],
    ['behind a SNAP header', before(arp({ senderAddress: victimAddress }), ...snap)],
    ['behind a tag and the SNAP header of a bridge', addTag(before(arp({ senderAddress: victimAddress }), ...snap.slice(0, 7), 0xf8), 5)],
  ],
  'forged-ipv4': [
    ['from the victim', ipv4({ source: victimAddress })],
    ['from the server', ipv4({ source: serverAddress })],
    ['a later fragment', ipv4({ source: victimAddress, fragmentOffset: 3 })],
    ['with options', ipv4({ source: victimAddress, options: new Uint8Array(8) })],
    ['in a VLAN', addTag(ipv4({ source: victimAddress }), 5)],
    ['an answer of the DHCP server', udp(68, offer, { source: serverAddress })],
  ],
  'forged-ipv6': [
    ['from the victim', ipv6(echo, { source: linkLocalOf(victim) })],
    ['from the server', ipv6(echo, { source: linkLocalOf(server) })],
    ["from the victim's address in another network", ipv6(echo, { source: global })],
    ['an advertisement for the victim', ipv6(poison)],
    ['an advertisement for the server, without an option', ipv6(icmpv6(advertisement(server, undefined)))],
    ["an advertisement of the victim's MAC address", ipv6(icmpv6(advertisement(thief, victim)))],
    [
      "a solicitation with the victim's MAC address",
      ipv6(icmpv6({ type: 'neighbour-solicitation', target: linkLocalOf(victim), mac: victim })),
    ],
    [
      "a probe for the victim's address",
      ipv6(icmpv6({ type: 'neighbour-solicitation', target: linkLocalOf(victim), mac: undefined }, unspecifiedIpv6), {
        source: unspecifiedIpv6,
      }),
    ],
    ["a router solicitation with the victim's MAC address", ipv6(rawIcmpv6(133, 4, [1, 1, ...octetsOf(victim)]))],
    ['with the option behind another', ipv6(rawIcmpv6(133, 4, [14, 1, 0, 0, 0, 0, 0, 0, 1, 1, ...octetsOf(victim)]))],
    ['behind options for each hop', ipv6(extension(58, poison), { nextHeader: 0 })],
    ['behind two headers', ipv6(extension(60, extension(58, poison, 1, 16)), { nextHeader: 43 })],
    ['behind an authentication header', ipv6(extension(58, poison, 4, 24), { nextHeader: 51 })],
    ['in a VLAN', addTag(ipv6(poison), 5)],
    ['behind a SNAP header', before(ipv6(poison), ...snap)],
  ],
  'rogue-dhcp': [
    ['an offer', udp(68, offer)],
    ['an offer with options of IPv4', udp(68, offer, { options: new Uint8Array(40) })],
    ['an offer in fragments', udp(68, offer, { moreFragments: true })],
    ['an answer to a relay', udp(67, offer)],
    ['an answer of DHCPv6', ipv6(dhcpv6(546), { nextHeader: 17 })],
    ['an answer of DHCPv6 in a fragment', ipv6(fragment(17, dhcpv6(546)), { nextHeader: 44 })],
    ['an advertisement of DHCPv6 to a relay', ipv6(dhcpv6(547, 2), { nextHeader: 17 })],
    ['a reply of DHCPv6 to a relay', ipv6(dhcpv6(547, 7), { nextHeader: 17 })],
    ['a demand of DHCPv6 to reconfigure', ipv6(dhcpv6(547, 10), { nextHeader: 17 })],
    ['an answer of DHCPv6 by a relay', ipv6(dhcpv6(547, 13), { nextHeader: 17 })],
    ['an answer of DHCPv6 behind a header', ipv6(extension(17, dhcpv6(546)), { nextHeader: 60 })],
    ['in a VLAN', addTag(udp(68, offer), 5)],
  ],
  'forged-dhcp': [
    ['a discover as the victim', udp(67, dhcp('request', victim, 'discover'), { source: unspecifiedIpv4 })],
    ['a release as the victim', udp(67, dhcp('request', victim, 'release'))],
    ['a discover as the server', udp(67, dhcp('request', server, 'discover'), { source: unspecifiedIpv4 })],
  ],
  'rogue-router': [
    ['a router advertisement', ipv6(rawIcmpv6(134, 12, routerOption))],
    ['a redirect', ipv6(rawIcmpv6(137, 36))],
    ['a redirect of IPv4', icmp(5)],
    ['a router advertisement of IPv4', icmp(9)],
    ['a redirect of IPv4 behind options, in a fragment', icmp(5, { options: new Uint8Array(8), moreFragments: true })],
    ['a redirect of IPv4 in a VLAN', addTag(icmp(5), 5)],
    ['a router advertisement behind a header', ipv6(extension(58, rawIcmpv6(134, 12)), { nextHeader: 0 })],
  ],
};

/** Frames that the hostile station may send nevertheless. */
export const harmless: readonly Named[] = [
  ['its own ARP', arp({})],
  ['its own ARP about the server', arp({ targetAddress: serverAddress })],
  ['its own probe', arp({ senderAddress: unspecifiedIpv4, targetAddress: thiefAddress })],
  ['ARP that is cut off', arp({ senderAddress: victimAddress }).subarray(0, 41)],
  ['ARP about another protocol', before(arp({ senderAddress: victimAddress }), 0x88, 0xb5)],
  ['from a MAC address of no one', frameOf(0x88b5, nothing, { source: macFromNumber(0x0200_0000_0001) })],
  ['to a group beside those of bridges', frameOf(0x88b5, nothing, { destination: macFromNumber(0x0180_c200_0010) })],
  ['its own TCP', ipv4({})],
  ['from an address of no one', ipv4({ source: ipv4FromNumber(0x0808_0808) })],
  ['a fragment of UDP', udp(53, new Uint8Array(800), { moreFragments: true })],
  [
    'octets of a fragment that look like ports',
    ipv4({ protocol: ipProtocols.udp, fragmentOffset: 8 }, Uint8Array.of(0, 67, 0, 68, 0, 8, 0, 0)),
  ],
  ['its own discover', udp(67, discover, { source: unspecifiedIpv4 })],
  ['a discover for a guest behind it', udp(67, dhcp('request', macFromNumber(0x0200_0000_0001), 'discover'), { source: unspecifiedIpv4 })],
  ['UDP to another port', udp(69, offer)],
  ['its own ping', icmp(8)],
  ['a later fragment of a ping that looks like a redirect', icmp(5, { fragmentOffset: 8 })],
  ['its own echo by IPv6', ipv6(echo)],
  ['its own advertisement', ipv6(icmpv6(advertisement(thief, thief)))],
  ['a question for the victim', ipv6(icmpv6({ type: 'neighbour-solicitation', target: linkLocalOf(victim), mac: thief }))],
  ['a router solicitation', ipv6(rawIcmpv6(133, 4, [1, 1, ...octetsOf(thief)]))],
  ['a router solicitation with an option without a length', ipv6(rawIcmpv6(133, 4, [1, 0, ...octetsOf(victim)]))],
  ['membership of a group', ipv6(extension(58, rawIcmpv6(143, 24)), { nextHeader: 0 })],
  ['a first fragment of an echo', ipv6(fragment(58, echo), { nextHeader: 44 })],
  ['a later fragment of an echo', ipv6(fragment(58, poison, 1), { nextHeader: 44 })],
  ['TCP by IPv6', ipv6(nothing, { nextHeader: 6 })],
  ['a request of DHCPv6', ipv6(dhcpv6(547), { nextHeader: 17 })],
  ['an unknown packet in eight tags', Array.from({ length: 8 }).reduce<Uint8Array>((frame) => addTag(frame, 0), frameOf(0x88b5, nothing))],
];
