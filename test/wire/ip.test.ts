import { expect, test } from 'vitest';
import { formatIp, isIpv6, isMulticast, macOfGroup, parseIp } from '../../src/wire/ip.ts';
import { ipv6NetworkOf, isInIpv6Network, isIpv6LinkLocal, parseIpv6, type Ipv6Address } from '../../src/wire/ipv6.ts';
import { formatMac } from '../../src/wire/mac.ts';

test('addresses of both families are read, and written', () => {
  for (const text of ['10.0.0.1', '255.255.255.255', 'fe80::1', '::']) {
    const address = parseIp(text);
    expect([address !== undefined && formatIp(address), address !== undefined && isIpv6(address)]).toEqual([text, text.includes(':')]);
  }
  expect([parseIp('10.0.0'), parseIp('fe80::g'), parseIp('')]).toEqual([undefined, undefined, undefined]);
});

test('groups have their MAC addresses', () => {
  const groups = ['224.0.0.1', '239.129.2.3', '239.255.255.255', 'ff02::fb', 'ff0e::1:2345:6789'].map((text) => parseIp(text));
  expect(groups.map((group) => group !== undefined && isMulticast(group) && formatMac(macOfGroup(group)))).toEqual([
    '01:00:5e:00:00:01',
    '01:00:5e:01:02:03',
    '01:00:5e:7f:ff:ff',
    '33:33:00:00:00:fb',
    '33:33:23:45:67:89',
  ]);
  for (const text of ['223.255.255.255', '240.0.0.0', '10.0.0.1', 'fe80::1'])
    expect(isMulticast(parseIp(text) ?? (0n as Ipv6Address))).toBe(false);
});

test('networks of IPv6 have their addresses', () => {
  const at = (text: string): Ipv6Address => parseIpv6(text) ?? (0n as Ipv6Address);
  for (const [text, bits, first, inside, outside] of [
    ['fd00:1::5', 64, 'fd00:1::', 'fd00:1::ffff:ffff:ffff:ffff', 'fd00:1:0:1::'],
    ['fd00::5', 128, 'fd00::5', 'fd00::5', 'fd00::4'],
    ['fd00::5', 127, 'fd00::4', 'fd00::5', 'fd00::6'],
  ] as const) {
    const network = ipv6NetworkOf(at(text), bits);
    expect(network).toEqual({ address: at(first), prefixLength: bits });
    expect([isInIpv6Network(network, at(inside)), isInIpv6Network(network, at(outside))]).toEqual([true, false]);
  }
  expect(isInIpv6Network(ipv6NetworkOf(at('fd00::5'), 0), at('::1'))).toBe(true);
  expect(['fe80::', 'febf::1', 'fec0::', 'fd00::1'].map((text) => isIpv6LinkLocal(at(text)))).toEqual([true, true, false, false]);
});
