import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { addTag } from '../../src/wire/dot1q.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { encodeIpv4, ipProtocols, parseIpv4, type Ipv4 } from '../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { concatOctets, parseHex } from '../../src/wire/octets.ts';
import { decodePcap } from '../../src/wire/pcap.ts';
import { summarize } from '../../src/wire/summary.ts';
import { octets } from './arbitraries.ts';
import { capturedFrame, fixture, streamedFrames } from './fixture.ts';

const [source, destination] = [parseIpv4('10.0.0.1'), parseIpv4('10.0.0.2')];
const [ours, theirs] = ['02:00:00:00:00:01', '02:00:00:00:00:02'];

function frame(etherType: number, payload: Uint8Array): Uint8Array {
  return encodeEthernet({ destination: macFromNumber(0x0200_0000_0002), source: macFromNumber(0x0200_0000_0001), etherType, payload });
}

function packet(protocol: number, payload: Uint8Array, more: Partial<Ipv4> = {}): string {
  if (source === undefined || destination === undefined) throw new Error('no addresses');
  return summarize(frame(etherTypes.ipv4, encodeIpv4({ source, destination, protocol, payload, ...more }))).replace(/^.*?: (?=[A-Z])/, '');
}

describe('a frame is told in one line', () => {
  it.each([
    ['wire/stations.pcap', 1, '02:00:00:00:00:0a > all: ARP, who has 10.77.5.2? 10.77.5.1 asks'],
    ['wire/stations.pcap', 2, '02:00:00:00:00:0b > 02:00:00:00:00:0a: ARP, 10.77.5.2 is at 02:00:00:00:00:0b'],
    ['wire/stations.pcap', 3, '02:00:00:00:00:0a > 02:00:00:00:00:0b: ICMP 10.77.5.1 > 10.77.5.2, echo request 1'],
    ['wire/stations.pcap', 7, '02:00:00:00:00:0a > 02:00:00:00:00:0b: UDP 10.77.5.1:40000 > 10.77.5.2:7777, 9 octets'],
    ['wire/trunk.pcap', 1, '02:00:00:00:00:0a > all, VLAN 5: ARP, who has 10.77.5.2? 10.77.5.1 asks'],
    ['wire/ipv6.pcap', 1, '02:00:00:00:00:0a > 33:33:ff:00:00:0a: ICMPv6 :: > ff02::1:ff00:a, who has fe80::ff:fe00:a?'],
    [
      'wire/ipv6.pcap',
      3,
      '02:00:00:00:00:0b > 02:00:00:00:00:0a: ICMPv6 fe80::ff:fe00:b > fe80::ff:fe00:a, fe80::ff:fe00:b is at 02:00:00:00:00:0b',
    ],
    ['wire/ipv6.pcap', 5, '02:00:00:00:00:0b > 02:00:00:00:00:0a: ICMPv6 fe80::ff:fe00:b > fe80::ff:fe00:a, echo reply 1'],
    [
      'wire/router.pcap',
      2,
      '02:00:00:00:00:01 > 02:00:00:00:00:0a: ICMP 10.77.1.254 > 10.77.1.1, packet of 1428 octets to 10.77.2.1 too big, MTU 1300',
    ],
    ['wire/router.pcap', 3, '02:00:00:00:00:0a > 02:00:00:00:00:01: UDP [fd77:1::1]:40001 > [fd77:1::ff]:7777, 9 octets'],
    [
      'wire/router.pcap',
      4,
      '02:00:00:00:00:01 > 02:00:00:00:00:0a: ICMPv6 fd77:1::ff > fd77:1::1, UDP port 7777 of fd77:1::ff unreachable',
    ],
    [
      'wire/router.pcap',
      6,
      '02:00:00:00:00:01 > 02:00:00:00:00:0a: ICMPv6 fd77:1::ff > fd77:1::1, packet of 1448 octets to fd77:2::1 too big, MTU 1300',
    ],
    ['wire/router.pcap', 7, '02:00:00:00:00:0a > 02:00:00:00:00:01: IPv6 fd77:1::1 > fd77:2::1, a fragment of protocol 17, 1248 octets'],
    ['dhcp/udhcpc-decline.pcap', 1, '02:00:00:00:00:c1 > all: DHCP DISCOVER for 02:00:00:00:00:c1, xid efddfb40'],
    ['dhcp/udhcpc-decline.pcap', 4, '02:00:00:00:00:01 > 02:00:00:00:00:c1: DHCP ACK 10.77.0.106 for 02:00:00:00:00:c1, xid efddfb40'],
    ['dhcp/udhcpc-decline.pcap', 5, '02:00:00:00:00:c1 > all: ARP, who has 10.77.0.106? a probe'],
    ['dhcp/dhclient-nak-wrong-net.pcap', 2, '02:00:00:00:00:01 > all: DHCP NAK for 02:00:00:00:00:c1, xid 9dd34a4d'],
  ] as const)('of %s, frame %i', (path, place, text) => {
    expect(summarize(capturedFrame(path, place))).toBe(text);
  });

  it('of a spanning tree', () => {
    expect(summarize(streamedFrames('fstp/leaf-1.stream')[3] ?? new Uint8Array(0))).toBe(
      '00:ff:00:00:00:0b > 01:80:c2:00:00:00, VLAN 5: BPDU, root port 8001 of 80:00:00:ff:00:00:00:0b, ' +
        'root 10:00:00:ff:00:00:00:0a at 20000000, 0 s old, forwarding, agreement',
    );
  });

  it('of what the house does not know more of', () => {
    expect(packet(ipProtocols.tcp, Uint8Array.of(0, 80, 0x1f, 0x90))).toBe('TCP 10.0.0.1:80 > 10.0.0.2:8080');
    expect(packet(89, new Uint8Array(1))).toBe('IPv4 10.0.0.1 > 10.0.0.2, protocol 89, 1 octet');
    expect(packet(17, new Uint8Array(8), { moreFragments: true })).toBe('IPv4 10.0.0.1 > 10.0.0.2, a fragment of protocol 17, 8 octets');
    expect(packet(ipProtocols.icmp, Uint8Array.of(3, 1))).toBe('ICMP 10.0.0.1 > 10.0.0.2, type 3');
    expect(summarize(frame(0x88b5, new Uint8Array(46)))).toBe(`${ours} > ${theirs}: EtherType 0x88b5, 46 octets`);
    expect(summarize(frame(3, new Uint8Array(46)))).toBe(`${ours} > ${theirs}: 802.3, 3 octets`);
  });

  it('of what is damaged, as far as it can be read', () => {
    expect(summarize(new Uint8Array(1))).toBe('1 octet, too short for a frame');
    expect(summarize(frame(etherTypes.arp, new Uint8Array(9)))).toBe(`${ours} > ${theirs}: ARP, damaged`);
    expect(summarize(frame(etherTypes.ipv4, new Uint8Array(9)))).toBe(`${ours} > ${theirs}: IPv4, damaged`);
    expect(summarize(frame(etherTypes.ipv6, new Uint8Array(9)))).toBe(`${ours} > ${theirs}: IPv6, damaged`);
    expect(summarize(frame(38, parseHex('424203') ?? new Uint8Array(0)))).toBe(`${ours} > ${theirs}: BPDU, damaged`);
    expect(packet(ipProtocols.udp, new Uint8Array(9))).toBe('UDP 10.0.0.1 > 10.0.0.2, damaged');
    expect(summarize(frame(etherTypes.dot1q, new Uint8Array(3)))).toBe(`${ours} > ${theirs}: a truncated tag`);
  });

  it('of one with several tags', () => {
    const twice = addTag(addTag(frame(0x88b5, new Uint8Array(2)), 6), 0x6005);
    expect(summarize(twice)).toBe(`${ours} > ${theirs}, VLAN 5 priority 3, VLAN 6: EtherType 0x88b5, 2 octets`);
  });
});

test('random octets never throw', () => {
  const types = fc.constantFrom(...Object.values(etherTypes), 38);
  fc.assert(fc.property(octets(), (bytes) => void summarize(bytes)));
  fc.assert(fc.property(types, octets(100), (type, bytes) => void summarize(frame(type, bytes))));
  fc.assert(fc.property(octets(60), fc.constantFrom(1, 6, 17), (bytes, protocol) => void packet(protocol, concatOctets(bytes))));
});

test('an independent decoder sees the same addresses, VLANs and protocols', (context) => {
  if (spawnSync('tshark', ['--version']).error !== undefined && process.env['CI'] === undefined) context.skip('tshark is not installed');
  const names: Readonly<Record<string, string>> = { arp: 'ARP', icmp: 'ICMP', udp: 'UDP', icmpv6: 'ICMPv6', dhcp: 'DHCP' };
  for (const path of ['wire/stations.pcap', 'wire/trunk.pcap', 'wire/ipv6.pcap', 'dhcp/udhcpc-decline.pcap']) {
    const file = new URL(`../../fixtures/${path}`, import.meta.url).pathname;
    const fields = ['eth.src', 'eth.dst', 'vlan.id', 'frame.protocols'].flatMap((field) => ['-e', field]);
    const lines = execFileSync('tshark', ['-r', file, '-T', 'fields', '-E', 'separator=|', ...fields], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const seen = lines.toString().trimEnd().split('\n');
    const frames = decodePcap(fixture(path))?.records ?? [];
    expect(seen).toHaveLength(frames.length);
    seen.forEach((line, at) => {
      const [from = '', to = '', vlan = '', protocols = ''] = line.split('|');
      const protocol = protocols.split(':').findLast((one) => one in names) ?? '';
      const whom = to === 'ff:ff:ff:ff:ff:ff' ? 'all' : to;
      const beginning = `${from} > ${whom}${vlan === '' ? '' : `, VLAN ${vlan}`}: ${names[protocol] ?? 'nothing'}`;
      expect(summarize(frames[at]?.frame ?? new Uint8Array(0)).startsWith(beginning), `${path}: ${beginning}`).toBe(true);
    });
  }
});

test('all is a broadcast', () => {
  const all = encodeEthernet({ destination: broadcastMac, source: macFromNumber(1), etherType: 0x88b5, payload: new Uint8Array(0) });
  expect(summarize(all)).toBe('00:00:00:00:00:01 > all: EtherType 0x88b5, 0 octets');
});
