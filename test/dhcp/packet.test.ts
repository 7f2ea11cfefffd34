import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPacket } from '../../src/dhcp/packet.ts';
import { pseudoHeaderSum } from '../../src/wire/checksum.ts';
import { encodeDhcp, messageTypes } from '../../src/wire/dhcp.ts';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { decodeIcmpEcho, encodeIcmpEcho } from '../../src/wire/icmp.ts';
import { decodeIpv4, encodeIpv4, type Ipv4 } from '../../src/wire/ipv4.ts';
import { broadcastMac, type MacAddress } from '../../src/wire/mac.ts';
import { concatOctets, writeUint16 } from '../../src/wire/octets.ts';
import { encodeUdp } from '../../src/wire/udp.ts';
import {
  answersIn,
  arpFrame,
  arpsIn,
  clientFrame,
  clientMac,
  configuration,
  everybody,
  ip,
  message,
  none,
  Segment,
  serverAddress,
  serverMac,
} from './segment.ts';

const discover = encodeDhcp(message('discover'));
const subnetBroadcast = ip('10.77.0.255');

interface Change {
  readonly ip?: Partial<Ipv4>;
  readonly ports?: readonly [number, number];
  readonly to?: MacAddress;
  readonly etherType?: number;
  readonly payload?: Uint8Array;
  /** Changes the finished segment, or the finished packet. */
  readonly segment?: (segment: Uint8Array) => Uint8Array;
  readonly packet?: (packet: Uint8Array) => Uint8Array;
}

/** Returns a DISCOVER in a usual frame, except for the given changes. */
function frameWith({
  ip: fields = {},
  ports = [68, 67],
  to = broadcastMac,
  etherType = etherTypes.ipv4,
  payload = discover,
  segment = same,
  packet = same,
}: Change): Uint8Array {
  const addresses = { source: none, destination: everybody, ...fields };
  const udp = segment(encodeUdp({ sourcePort: ports[0], destinationPort: ports[1], payload }, addresses.source, addresses.destination));
  const whole = packet(encodeIpv4({ protocol: 17, ...addresses, payload: udp, ...fields }));
  return encodeEthernet({ destination: to, source: clientMac(1), etherType, payload: whole });
}

function same(octets: Uint8Array): Uint8Array {
  return octets;
}

function changed(at: number, octet: number): (octets: Uint8Array) => Uint8Array {
  return (octets) => {
    const copy = octets.slice();
    copy[at] = octet;
    return copy;
  };
}

describe('a frame is dropped', () => {
  const icmp = encodeIcmpEcho({ type: 'request', identifier: 1, sequence: 1, payload: new Uint8Array(8) });
  const cases: readonly (readonly [string, string, Uint8Array])[] = [
    ['shorter than its header', 'short-ethernet', new Uint8Array(13)],
    ['with half a tag', 'short-ethernet', frameWith({ etherType: etherTypes.dot1q }).subarray(0, 16)],
    ['for another station', 'not-for-us', frameWith({ to: clientMac(2) })],
    ['for all stations, with the address of another host', 'not-for-us', frameWith({ ip: { destination: ip('10.77.0.99') } })],
    ['of IPv6', 'not-for-us', frameWith({ etherType: etherTypes.ipv6 })],
    ['of 802.3', 'not-for-us', frameWith({ etherType: 300 })],
    ['of TCP', 'not-for-us', frameWith({ ip: { protocol: 6 } })],
    ['from port 67 to port 68', 'not-for-us', frameWith({ ports: [67, 68] })],
    ['from port 68 to port 68', 'not-for-us', frameWith({ ports: [68, 68] })],
    ['with a header of less than five words', 'bad-ipv4', frameWith({ packet: changed(0, 0x44) })],
    ['of IP version 6 in IPv4', 'bad-ipv4', frameWith({ packet: changed(0, 0x65) })],
    ['with a wrong header checksum', 'bad-ipv4', frameWith({ packet: changed(10, 0x55) })],
    ['with a packet that is cut', 'bad-ipv4', frameWith({}).subarray(0, 100)],
    ['with a first fragment', 'fragment', frameWith({ ip: { moreFragments: true } })],
    ['with a later fragment', 'fragment', frameWith({ ip: { fragmentOffset: 8 } })],
    ['from 255.255.255.255', 'bad-source', frameWith({ ip: { source: everybody } })],
    ['from loopback', 'bad-source', frameWith({ ip: { source: ip('127.0.0.1') } })],
    ['from a multicast address', 'bad-source', frameWith({ ip: { source: ip('224.0.0.1') } })],
    ['without room for UDP', 'bad-udp', frameWith({ segment: (segment) => segment.slice(0, 7) })],
    ['with a UDP length under eight', 'bad-udp', frameWith({ segment: changed(5, 7) })],
    ['with a UDP length over the packet', 'bad-udp', frameWith({ segment: changed(4, 9) })],
    ['with a wrong UDP checksum', 'bad-udp', frameWith({ segment: changed(6, 0x55) })],
    ['with less than a BOOTP message', 'malformed-dhcp', frameWith({ payload: new Uint8Array(200) })],
    ['without room for a cookie', 'malformed-dhcp', frameWith({ payload: discover.slice(0, 238) })],
    ['with another cookie', 'malformed-dhcp', frameWith({ payload: changed(236, 0)(discover) })],
    [
      'with an option that runs past the end',
      'malformed-dhcp',
      frameWith({ payload: concatOctets(discover.slice(0, 240), Uint8Array.of(53, 1, 1, 50, 9, 1)) }),
    ],
    ['with 9,000 octets of pads', 'no-type', frameWith({ payload: concatOctets(discover.slice(0, 240), new Uint8Array(9000)) })],
    ['with a cookie and no options', 'no-type', frameWith({ payload: discover.slice(0, 240) })],
    [
      'with ARP for another hardware',
      'bad-arp',
      encodeEthernet({ destination: broadcastMac, source: clientMac(1), etherType: etherTypes.arp, payload: new Uint8Array(28) }),
    ],
    [
      'with an echo reply',
      'bad-icmp',
      frameWith({ ip: { source: ip('10.77.0.5'), destination: serverAddress, protocol: 1, payload: changed(0, 0)(icmp) } }),
    ],
    ['with an echo request from nobody', 'bad-source', frameWith({ ip: { destination: serverAddress, protocol: 1, payload: icmp } })],
    ['with an echo request to all', 'not-for-us', frameWith({ ip: { source: ip('10.77.0.5'), protocol: 1, payload: icmp } })],
  ];

  test.each(cases)('%s, as %s', (_what, reason, frame) => {
    const segment = new Segment();
    expect(segment.frame(frame)).toEqual([]);
    expect([...segment.server.counters]).toEqual([[reason, 1]]);
    expect([...segment.server.leases()]).toEqual([]);
  });
});

describe('a DISCOVER is answered', () => {
  const unchecked = (segment: Uint8Array): Uint8Array => changed(7, 0)(changed(6, 0)(segment));
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['without a UDP checksum', frameWith({ segment: unchecked })],
    ['with IP options', frameWith({ ip: { options: Uint8Array.of(1, 1, 1, 0) } })],
    ['with a TTL of 0', frameWith({ ip: { ttl: 0 } })],
    ['with Ethernet padding', concatOctets(frameWith({}), new Uint8Array(40).fill(0xee))],
    [
      'with octets after its UDP length',
      frameWith({ segment: (segment) => concatOctets(unchecked(segment), new Uint8Array(9).fill(0xee)) }),
    ],
    ["to the network's broadcast address", frameWith({ ip: { destination: subnetBroadcast } })],
    ["to the server's own addresses", frameWith({ ip: { destination: serverAddress }, to: serverMac })],
    ['from port 1068', frameWith({ ports: [1068, 67] })],
    ['with 1,472 octets', frameWith({ payload: concatOctets(discover, new Uint8Array(1172)) })],
    ['with 9,000 octets', frameWith({ payload: concatOctets(discover, new Uint8Array(8700)) })],
    [
      'that does not end, but with a whole option',
      frameWith({ payload: concatOctets(discover.slice(0, 240), Uint8Array.of(0, 53, 1, 1)) }),
    ],
  ];

  test.each(cases)('%s', (_what, frame) => {
    expect(answersIn(new Segment().frame(frame))).toMatchObject([{ type: messageTypes.offer }]);
  });
});

test('a checksum that the guest left to its card is accepted when that is configured', () => {
  const unfinished = frameWith({
    segment: (segment) => {
      const copy = segment.slice();
      const sum = pseudoHeaderSum(none, everybody, 17, segment.length);
      writeUint16(copy, 6, (sum & 0xffff) + (sum >>> 16));
      return copy;
    },
  });
  expect(new Segment().frame(unfinished)).toEqual([]);
  const strict = new Segment();
  expect(strict.frame(unfinished)).toEqual([]);
  expect(strict.events).toMatchObject([{ type: 'dropped', reason: 'partial-checksum' }]);
  expect(answersIn(new Segment({ laxChecksum: true }).frame(unfinished))).toHaveLength(1);
  expect(new Segment({ laxChecksum: true }).frame(frameWith({ segment: changed(6, 0x55) }))).toEqual([]);
});

test('ARP is answered for the own address, to probes too, and for no other', () => {
  const segment = new Segment();
  const [answer] = arpsIn(segment.frame(arpFrame({ targetAddress: serverAddress, senderAddress: ip('10.77.0.5') })));
  expect(answer).toEqual({
    operation: 'reply',
    senderMac: serverMac,
    senderAddress: serverAddress,
    targetMac: clientMac(1),
    targetAddress: ip('10.77.0.5'),
  });
  expect(arpsIn(segment.frame(arpFrame({ targetAddress: serverAddress })))).toMatchObject([{ operation: 'reply', targetAddress: none }]);
  expect(segment.frame(arpFrame({ targetAddress: ip('10.77.0.50') }))).toEqual([]);
});

test('an echo request to the own address is answered with all that it carried', () => {
  const echo = { type: 'request', identifier: 7, sequence: 9, payload: Uint8Array.of(1, 2, 3) } as const;
  const source = ip('10.77.0.5');
  const packet = encodeIpv4({ source, destination: serverAddress, protocol: 1, payload: encodeIcmpEcho(echo) });
  const [frame = new Uint8Array(0)] = new Segment().frame(
    encodeEthernet({ destination: serverMac, source: clientMac(1), etherType: etherTypes.ipv4, payload: packet }),
  );
  const ethernet = decodeEthernet(frame);
  const answer = decodeIpv4(ethernet?.payload ?? new Uint8Array(0));
  expect([ethernet?.destination, answer?.source, answer?.destination]).toEqual([clientMac(1), serverAddress, source]);
  expect(decodeIcmpEcho(answer?.payload ?? new Uint8Array(0))).toEqual({ ...echo, type: 'reply' });
});

test('random octets, and a DISCOVER with random ones in it, never throw and never get more than one answer', () => {
  const config = configuration();
  const frame = clientFrame(message('discover'));
  const changes = fc.array(fc.tuple(fc.nat(frame.length - 1), fc.nat(255)), { maxLength: 10 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => void readPacket(config, octets)));
  fc.assert(
    fc.property(changes, fc.nat(frame.length), fc.boolean(), (list, length, isCut) => {
      const mutated = isCut ? frame.slice(0, length) : frame.slice();
      for (const [at, octet] of list) mutated[at] = octet;
      expect(new Segment({ laxChecksum: true }).frame(mutated).length).toBeLessThanOrEqual(1);
    }),
  );
});
