import { isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  addressOfKey,
  decodeSocketAddress,
  encodeSocketAddress,
  familyOf,
  interfaceNumber,
  isGroup,
  isLinkGroup,
  keyOf,
} from '../../src/system/ip-address.ts';

const ipv4 = ['0.0.0.0', '127.0.0.1', '192.0.2.255', '255.255.255.255'];
const ipv6 = ['::', '::1', 'fd09::2', '2001:db8:1:2:3:4:5:6', 'fe80::ff:fe00:1', 'ff02::1:ff00:1'];

describe('the addresses of IP sockets', () => {
  it.each([...ipv4, ...ipv6])('%s is encoded and decoded, with any port', (host) => {
    for (const port of [0, 1, 4789, 65_535]) expect(decodeSocketAddress(encodeSocketAddress(host, port))).toEqual({ host, port });
  });

  it('have the layout of the system', () => {
    expect(Buffer.from(encodeSocketAddress('192.0.2.1', 4789)).toString('hex')).toBe('020012b5c00002010000000000000000');
    expect(Buffer.from(encodeSocketAddress('fd09::2', 4789)).toString('hex')).toBe(`0a0012b500000000${'fd09'.padEnd(28, '0')}000200000000`);
  });

  it('have the scope of their zone: an interface by its name or number', () => {
    const lo = interfaceNumber('lo');
    expect(Buffer.from(encodeSocketAddress('fe80::1%lo', 0)).readUInt32LE(24)).toBe(lo);
    expect(encodeSocketAddress(`fe80::1%${lo}`, 0)).toEqual(encodeSocketAddress('fe80::1%lo', 0));
    expect(decodeSocketAddress(encodeSocketAddress('fe80::1%lo', 7))).toEqual({ host: 'fe80::1', port: 7 });
    expect(() => encodeSocketAddress('fe80::1%nosuch0', 0)).toThrow(/network interface nosuch0: no such device \(ENODEV\)/);
  });

  it.each([...ipv4, ...ipv6])('%s has a key of its own, of which it is made again', (host) => {
    expect(addressOfKey(keyOf(host))).toBe(host);
    expect(typeof keyOf(host)).toBe(isIPv6(host) ? 'string' : 'number');
    expect(familyOf(host)).toBe(isIPv6(host) ? 6 : 4);
  });

  it.each([
    ['224.0.0.1', true, false],
    ['239.255.255.255', true, false],
    ['240.0.0.1', false, false],
    ['223.255.255.255', false, false],
    ['239.1', false, false],
    ['ff02::1', true, true],
    ['ff11::7', true, true],
    ['ff15::7', true, false],
    ['fe80::1', false, false],
    ['::1', false, false],
  ])('%s stands for a group: %s, of one link: %s', (address, group, link) => {
    expect([isGroup(address), isLinkGroup(address)]).toEqual([group, link]);
  });

  it('have one key, however they are written', () => {
    expect(keyOf('FD09:0:0:0:0:0:0:2')).toBe(keyOf('fd09::2'));
    expect(keyOf('fe80::1%lo')).toBe(keyOf('fe80::1'));
    expect(keyOf('::ffff:127.0.0.1')).toBe(`${'0'.repeat(20)}ffff7f000001`);
  });
});
