import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeAddress,
  decodeAddresses,
  decodeHostName,
  decodeUint16,
  decodeUint32,
  encodeAddresses,
  encodeClasslessRoutes,
  encodeDomainSearch,
  encodeText,
  encodeUint16,
  encodeUint32,
} from '../../src/dhcp/options.ts';
import { decodeClasslessRoutes, decodeDomainSearch, parseRawOption } from './option-decoders.ts';
import { parseIpv4Network } from '../../src/wire/ipv4.ts';
import { parseHex } from '../../src/wire/octets.ts';
import { ipv4, uint16 } from '../wire/arbitraries.ts';
import { ip } from './segment.ts';

const hex = (text: string): Uint8Array => parseHex(text) ?? new Uint8Array(0);
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));

test('addresses and numbers decode to what was encoded, and from no other length', () => {
  fc.assert(
    fc.property(
      fc.array(ipv4, { minLength: 1, maxLength: 9 }),
      uint16,
      fc.integer({ min: 0, max: 0xffff_ffff }),
      (addresses, short, long) => {
        expect(decodeAddresses(encodeAddresses(...addresses))).toEqual(addresses);
        expect(decodeUint16(encodeUint16(short))).toBe(short);
        expect(decodeUint32(encodeUint32(long))).toBe(long);
      },
    ),
  );
  for (const length of [0, 3, 5])
    expect([decodeAddress(new Uint8Array(length)), decodeAddresses(new Uint8Array(length)), decodeUint32(new Uint8Array(length))]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  expect([decodeAddress(undefined), decodeAddresses(undefined), decodeUint16(Uint8Array.of(1))]).toEqual([undefined, undefined, undefined]);
});

test('domain names decode to what was encoded', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 6 }), (names) => {
      expect(decodeDomainSearch(encodeDomainSearch(names))).toEqual(names);
    }),
  );
});

test('compressed names are read [RFC 3397, 2]', () => {
  // eng.apple.com, then marketing and a pointer to apple.com.
  const value = hex('03 656e67 05 6170706c65 03 636f6d 00 09 6d61726b6574696e67 c004');
  expect(decodeDomainSearch(value)).toEqual(['eng.apple.com', 'marketing.apple.com']);
});

test.each(['c000', '0161c000', '0161c002', '0161c0ff', '0161', '0561', '4061', '0161c0', '00', 'c0', '012000'])(
  'the names %s are not read, and end nowhere but here',
  (text) => {
    expect(decodeDomainSearch(hex(text))).toBeUndefined();
  },
);

test('random octets as names or routes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      decodeDomainSearch(octets);
      decodeClasslessRoutes(octets);
      decodeHostName(octets);
    }),
  );
});

test("routes encode as in the RFC's examples, and decode again [RFC 3442]", () => {
  const router = ip('10.0.0.1');
  const routes = ['0.0.0.0/0', '10.0.0.0/8', '10.17.0.0/16', '10.27.129.0/24', '10.229.0.128/25', '10.198.122.47/32'].flatMap((text) => {
    const network = parseIpv4Network(text);
    return network === undefined ? [] : [{ network, router }];
  });
  const value = encodeClasslessRoutes(routes);
  expect(value).toEqual(hex('00 0a000001 08 0a 0a000001 10 0a11 0a000001 18 0a1b81 0a000001 19 0ae50080 0a000001 20 0ac67a2f 0a000001'));
  expect(decodeClasslessRoutes(value)).toEqual(routes);
});

test('host bits of a route are cleared; a prefix over 32, or a cut route, is refused', () => {
  expect(decodeClasslessRoutes(hex('09 0aff 0a000001'))).toEqual([
    { network: { address: ip('10.128.0.0'), prefixLength: 9 }, router: ip('10.0.0.1') },
  ]);
  expect(decodeClasslessRoutes(hex('21 0a000000 00 0a000001'))).toBeUndefined();
  expect(decodeClasslessRoutes(hex('18 0a0000 0a0000'))).toBeUndefined();
});

test('a host name is lower case, of letters, digits and hyphens; anything else is none', () => {
  expect(decodeHostName(encodeText('VM-1\0\0'))).toBe('vm-1');
  expect(decodeHostName(encodeText('a.b.example'))).toBe('a.b.example');
  for (const bad of [
    '',
    '\0',
    '-rf',
    'a-',
    'a..b',
    '.a',
    'a b',
    '../x',
    '$(x)',
    'a\n',
    'é',
    '\u{1f4a5}',
    'x'.repeat(64),
    'x.'.repeat(127) + 'x',
    'a_b',
  ]) {
    expect(decodeHostName(encodeText(bad))).toBeUndefined();
  }
});

test('a raw option is a code and hexadecimal', () => {
  expect(parseRawOption('43:0104c0a80001')).toEqual({ code: 43, value: Uint8Array.of(1, 4, 192, 168, 0, 1) });
  expect(parseRawOption('224:')).toEqual({ code: 224, value: new Uint8Array(0) });
  for (const bad of ['0:00', '255:00', '43', '43:0', '43:zz', ':00', '-1:00', '1e1:00']) expect(parseRawOption(bad)).toBeUndefined();
});
