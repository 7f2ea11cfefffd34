import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addTag, vid } from '../../src/wire/dot1q.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { flowHash } from '../../src/wire/flow-hash.ts';
import { encodeIpv4, ipv4FromNumber, type Ipv4Header } from '../../src/wire/ipv4.ts';
import { encodeIpv6Fragment, fragmentHeader } from '../../src/wire/ipv6-fragment.ts';
import { encodeIpv6, type Ipv6, type Ipv6Address } from '../../src/wire/ipv6.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { writeUint16 } from '../../src/wire/octets.ts';
import { octets } from './arbitraries.ts';

const [destination, source] = [macFromNumber(0x02_0000_0000_01), macFromNumber(0x02_0000_0000_02)];

function frame(etherType: number, payload: Uint8Array): Uint8Array {
  return encodeEthernet({ destination, source, etherType, payload });
}

/** Returns the head of a segment of TCP or UDP, and octets that differ from packet to packet. */
function segment(sourcePort: number, destinationPort: number, rest = 0): Uint8Array {
  const head = new Uint8Array(40).fill(rest, 4);
  writeUint16(head, 0, sourcePort);
  writeUint16(head, 2, destinationPort);
  return head;
}

function ipv4(payload: Uint8Array, header: Partial<Ipv4Header> = {}): Uint8Array {
  const addresses = { source: ipv4FromNumber(0x0a00_0001), destination: ipv4FromNumber(0x0a00_0002) };
  return frame(etherTypes.ipv4, encodeIpv4({ ...required, ...addresses, ...header, payload }));
}

const required = {
  protocol: 17,
  ttl: 64,
  identification: 0,
  tos: 0,
  dontFragment: false,
  moreFragments: false,
  fragmentOffset: 0,
  options: new Uint8Array(0),
};

function ipv6(payload: Uint8Array, header: Partial<Ipv6> = {}): Uint8Array {
  const addresses = { source: 1n as Ipv6Address, destination: 2n as Ipv6Address };
  return frame(etherTypes.ipv6, encodeIpv6({ nextHeader: 17, hopLimit: 64, ...addresses, ...header, payload }));
}

test('frames of one flow have one number, whatever else differs', () => {
  expect(flowHash(ipv4(segment(1, 2, 3), { ttl: 9, identification: 7, tos: 4 }))).toBe(flowHash(ipv4(segment(1, 2))));
  expect(flowHash(ipv4(segment(1, 2), { options: new Uint8Array(8).fill(1) }))).toBe(flowHash(ipv4(segment(1, 2))));
  expect(flowHash(ipv6(segment(1, 2, 3), { hopLimit: 9 }))).toBe(flowHash(ipv6(segment(1, 2))));
  expect(flowHash(frame(etherTypes.arp, new Uint8Array(28).fill(1)))).toBe(flowHash(frame(etherTypes.arp, new Uint8Array(28))));
});

test('flows that differ in an address, a VLAN, a protocol or a port have different numbers', () => {
  const other = encodeEthernet({ destination, source: macFromNumber(3), etherType: etherTypes.arp, payload: new Uint8Array(28) });
  const flows = [
    frame(etherTypes.arp, new Uint8Array(28)),
    other,
    frame(0x88b5, new Uint8Array(28)),
    ipv4(segment(1, 2)),
    ipv4(segment(1, 3)),
    ipv4(segment(2, 2)),
    ipv4(segment(1, 2), { protocol: 6 }),
    ipv4(segment(1, 2), { source: ipv4FromNumber(7) }),
    ipv4(segment(1, 2), { destination: ipv4FromNumber(7) }),
    addTag(ipv4(segment(1, 2)), vid(5)),
    addTag(ipv4(segment(1, 2)), vid(6)),
    addTag(ipv4(segment(1, 3)), vid(6)),
    ipv6(segment(1, 2)),
    ipv6(segment(1, 3)),
    ipv6(segment(1, 2), { nextHeader: 6 }),
    ipv6(segment(1, 2), { source: 7n as Ipv6Address }),
    ipv6(segment(1, 2), { destination: (7n << 64n) as Ipv6Address }),
  ];
  expect(new Set(flows.map(flowHash)).size).toBe(flows.length);
});

test('all fragments of a packet have one number, though only the first has the ports', () => {
  const [first, last] = [segment(1, 2), segment(0xdead, 0xbeef)];
  const parts = [
    ipv4(first, { moreFragments: true }),
    ipv4(last, { moreFragments: true, fragmentOffset: 5 }),
    ipv4(last, { fragmentOffset: 10 }),
  ];
  expect(new Set(parts.map(flowHash)).size).toBe(1);
  const fragment = { nextHeader: 17, identification: 1 };
  const parts6 = [
    ipv6(encodeIpv6Fragment({ ...fragment, offset: 0, more: true, payload: first }), { nextHeader: fragmentHeader }),
    ipv6(encodeIpv6Fragment({ ...fragment, offset: 5, more: false, payload: last }), { nextHeader: fragmentHeader }),
  ];
  expect(new Set(parts6.map(flowHash)).size).toBe(1);
});

test('the protocols without ports differ by addresses alone', () => {
  expect(flowHash(ipv4(segment(1, 2), { protocol: 1 }))).toBe(flowHash(ipv4(segment(3, 4), { protocol: 1 })));
  expect(flowHash(ipv6(segment(1, 2), { nextHeader: 58 }))).toBe(flowHash(ipv6(segment(3, 4), { nextHeader: 58 })));
});

test('a thousand flows that differ in a port alone spread evenly', () => {
  const sockets = new Array<number>(16).fill(0);
  for (let port = 0; port < 1_000; port++) {
    const socket = flowHash(ipv4(segment(40_000 + port, 80))) % 16;
    sockets[socket] = (sockets[socket] ?? 0) + 1;
  }
  expect(Math.min(...sockets)).toBeGreaterThan(30);
  expect(Math.max(...sockets)).toBeLessThan(100);
});

test('random and cut frames have a number of 32 bits, and the header says all', () => {
  fc.assert(
    fc.property(octets(120), fc.constantFrom(0x0800, 0x86dd, 0x8100, 0), (payload, etherType) => {
      const hash = flowHash(frame(etherType, payload));
      expect(hash >>> 0).toBe(hash);
    }),
  );
  expect(flowHash(new Uint8Array(0)) >>> 0).toBe(flowHash(new Uint8Array(0)));
});
