import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  chaddrOf,
  decodeDhcp,
  encodeDhcp,
  hardwareAddressOf,
  messageTypeOf,
  messageTypes,
  optionCodes,
  type DhcpMessage,
} from '../../src/wire/dhcp.ts';
import { decodeIpv4, ipv4FromNumber, parseIpv4 } from '../../src/wire/ipv4.ts';
import { parseMac } from '../../src/wire/mac.ts';
import { concatOctets, parseHex } from '../../src/wire/octets.ts';
import { decodePcap } from '../../src/wire/pcap.ts';
import { decodeUdp } from '../../src/wire/udp.ts';
import { ipv4, uint16 } from './arbitraries.ts';
import { fixture } from './fixture.ts';

const captures = [
  'dhcp/dhclient-bind-reboot-release.pcap',
  'dhcp/dhclient-decline.pcap',
  'dhcp/dhclient-nak-wrong-net.pcap',
  'dhcp/udhcpc-bind-renew-release.pcap',
  'dhcp/udhcpc-decline.pcap',
];
const text = (octets: Uint8Array | undefined): string => new TextDecoder().decode(octets);
const options = (...hex: string[]): Uint8Array =>
  concatOctets(new Uint8Array(236), ...['63825363', ...hex].map((part) => parseHex(part) ?? new Uint8Array(0)));

test("udhcpc's DISCOVER decodes field by field", () => {
  const message = decodeDhcp(payloads('dhcp/udhcpc-bind-renew-release.pcap')[0] ?? new Uint8Array(0));
  expect(message).toMatchObject({
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    secs: 0,
    broadcast: false,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
  });
  if (message === undefined) return;
  expect(hardwareAddressOf(message)).toBe(parseMac('02:00:00:00:00:c1'));
  expect(messageTypeOf(message)).toBe(messageTypes.discover);
  expect([...message.options.keys()]).toEqual([53, 57, 55, 12, 60, 61]);
  expect(text(message.options.get(optionCodes.hostName))).toBe('vm-udhcpc');
  expect(Array.from(message.options.get(optionCodes.parameterRequestList) ?? [])).toEqual([1, 3, 6, 12, 15, 26, 28, 42, 119, 121]);
});

test("dnsmasq's OFFER decodes field by field", () => {
  const message = decodeDhcp(payloads('dhcp/udhcpc-bind-renew-release.pcap')[1] ?? new Uint8Array(0));
  expect(message).toMatchObject({ op: 2, yiaddr: parseIpv4('10.77.0.106'), siaddr: parseIpv4('10.77.0.1') });
  expect(Array.from(message?.options.keys() ?? [])).toEqual([53, 54, 51, 58, 59, 1, 28, 15, 121, 119, 26, 3]);
  expect(text(message?.options.get(optionCodes.domainName))).toBe('lab.test');
});

test('every captured message encodes to exactly what it was', () => {
  const captured = captures.flatMap(payloads);
  expect(captured.length).toBeGreaterThan(25);
  for (const payload of captured) {
    const message = decodeDhcp(payload);
    expect(message).toBeDefined();
    if (message !== undefined) expect(encodeDhcp(message, { minSize: payload.length })).toEqual(payload.slice());
  }
});

test('decoding and encoding are inverse', () => {
  const code = fc.integer({ min: 1, max: 254 }).filter((n) => n !== optionCodes.overload);
  const fixed = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
  const octet = fc.integer({ min: 0, max: 255 });
  const messages: fc.Arbitrary<DhcpMessage> = fc.record({
    op: octet,
    htype: octet,
    hlen: octet,
    hops: octet,
    xid: fc.integer({ min: 0, max: 0xffff_ffff }),
    secs: uint16,
    broadcast: fc.boolean(),
    ciaddr: ipv4,
    yiaddr: ipv4,
    siaddr: ipv4,
    giaddr: ipv4,
    chaddr: fixed(16),
    sname: fixed(64),
    file: fixed(128),
    options: fc
      .uniqueArray(fc.tuple(code, fc.uint8Array({ maxLength: 600 })), { selector: ([n]) => n, maxLength: 12 })
      .map((pairs) => new Map(pairs)),
  });
  fc.assert(
    fc.property(messages, (message) => {
      const decoded = decodeDhcp(encodeDhcp(message));
      expect(decoded).toEqual(message);
      expect(Array.from(decoded?.options.keys() ?? [])).toEqual([...message.options.keys()]);
    }),
  );
});

test('random octets never throw, neither alone nor in place of captured ones', () => {
  const [seed = new Uint8Array(0)] = payloads('dhcp/udhcpc-bind-renew-release.pcap');
  const mutations = fc.array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (tail) => void decodeDhcp(concatOctets(options(), tail))));
  fc.assert(
    fc.property(mutations, fc.nat(seed.length), (changes, length) => {
      const mutated = seed.slice(0, length);
      for (const [at, octet] of changes) mutated[at] = octet;
      const message = decodeDhcp(mutated);
      if (message !== undefined) expect(decodeDhcp(encodeDhcp(message))?.options).toEqual(message.options);
    }),
  );
});

test('a payload without the cookie, or too short for it, is no message', () => {
  expect(decodeDhcp(options().subarray(0, 239))).toBeUndefined();
  expect(decodeDhcp(new Uint8Array(300))).toBeUndefined();
  expect(decodeDhcp(options())?.options.size).toBe(0);
});

test('an option that runs past the end, or has no length, takes the whole message with it', () => {
  expect(decodeDhcp(options('350101', '3204 0a4d00'))).toBeUndefined();
  expect(decodeDhcp(options('350101', '32'))).toBeUndefined();
});

test('pads are passed over, and a missing end is none too few when the last option is whole', () => {
  expect(decodeDhcp(options('0000', '350101', '00', '0c0161'))?.options).toEqual(
    new Map([
      [53, Uint8Array.of(1)],
      [12, Uint8Array.of(0x61)],
    ]),
  );
});

test('a repeated option is joined in order, at its first place', () => {
  const decoded = decodeDhcp(options('0c026162', '350101', '0c0163', 'ff', '0c0164'))?.options ?? new Map<number, Uint8Array>();
  expect([...decoded].map(([code, value]) => [code, text(value)])).toEqual([
    [12, 'abc'],
    [53, '\u0001'],
  ]);
});

test('overloaded fields are read as options, file before sname, and joined with the others', () => {
  const payload = options('350101', '340103', '0c0161', 'ff');
  payload.set(parseHex('0c0163 ff') ?? [], 44);
  payload.set(parseHex('0c0162 340101 ff') ?? [], 108);
  const message = decodeDhcp(payload);
  expect(text(message?.options.get(optionCodes.hostName))).toBe('abc');
  expect(message?.options.has(optionCodes.overload)).toBe(false);
  expect([message?.sname.length, message?.file.length]).toEqual([0, 0]);
});

test('an overload that is not 1, 2 or 3 in one octet is ignored', () => {
  for (const overload of ['340100', '340104', '3401ff', '34020101', '340101 340101']) {
    const payload = options('350101', overload, 'ff');
    payload.set(parseHex('0c0161ff') ?? [], 108);
    expect(decodeDhcp(payload)?.options).toEqual(new Map([[53, Uint8Array.of(1)]]));
  }
});

test('an option that runs past the end of an overloaded field takes the whole message with it', () => {
  const payload = options('350101', '340102', 'ff');
  payload.set(parseHex('0cff') ?? [], 44);
  expect(decodeDhcp(payload)).toBeUndefined();
});

test('64 k octets of pads, or of pieces of one option, take linear time', () => {
  const started = performance.now();
  decodeDhcp(concatOctets(options(), new Uint8Array(65_000)));
  decodeDhcp(
    concatOctets(
      options(),
      new Uint8Array(65_000).map((_, at) => [12, 1, 97][at % 3] ?? 0),
      new Uint8Array(1),
    ),
  );
  expect(performance.now() - started).toBeLessThan(500);
});

test('the bits of flags that must be zero are ignored, and sent as zero', () => {
  const payload = options('350101ff');
  payload.set([0xff, 0xff], 10);
  const message = decodeDhcp(payload);
  expect(message?.broadcast).toBe(true);
  if (message !== undefined) expect(Array.from(encodeDhcp(message).subarray(10, 12))).toEqual([0x80, 0]);
});

test('a message is filled up to 300 octets', () => {
  const nothing = new Uint8Array(0);
  const zero = ipv4FromNumber(0);
  const addresses = { ciaddr: zero, yiaddr: zero, siaddr: zero, giaddr: zero };
  const fields = { chaddr: nothing, sname: nothing, file: nothing, options: new Map<number, Uint8Array>() };
  expect(encodeDhcp({ op: 1, htype: 1, hlen: 6, hops: 0, xid: 0, secs: 0, broadcast: false, ...addresses, ...fields })).toHaveLength(300);
});

test('a hardware address that is not of Ethernet is none', () => {
  const message = decodeDhcp(options('350101ff'));
  const mac = parseMac('02:00:00:00:00:c1');
  if (message === undefined || mac === undefined) throw new Error('a message and an address');
  expect(hardwareAddressOf({ ...message, htype: 1, hlen: 6, chaddr: chaddrOf(mac) })).toBe(mac);
  for (const [htype, hlen] of [
    [6, 6],
    [32, 6],
    [1, 0],
    [1, 7],
    [1, 255],
  ] as const) {
    expect(hardwareAddressOf({ ...message, htype, hlen })).toBeUndefined();
  }
});

/** Returns the DHCP messages of a capture. */
function payloads(path: string): Uint8Array[] {
  return (decodePcap(fixture(path))?.records ?? []).flatMap(({ frame }) => {
    const packet = decodeIpv4(frame.subarray(14));
    const udp = packet?.protocol === 17 ? decodeUdp(packet.payload, packet.source, packet.destination) : undefined;
    return udp === undefined ? [] : [udp.payload];
  });
}
