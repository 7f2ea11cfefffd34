import { expect, test } from 'vitest';
import { isLeasable, type DhcpOptions } from '../../src/dhcp/config.ts';
import { encodeAddresses, encodeText, encodeUint16 } from '../../src/dhcp/options.ts';
import { EtherloomError } from '../../src/errors.ts';
import { parseIpv4Network } from '../../src/wire/ipv4.ts';
import { broadcastMac } from '../../src/wire/mac.ts';
import { configuration, ip } from './segment.ts';

test.each<readonly [string, Partial<DhcpOptions>]>([
  ['server outside the network', { serverAddress: ip('10.78.0.1') }],
  ["server at the network's address", { serverAddress: ip('10.77.0.0') }],
  ['MAC address of a group', { serverMac: broadcastMac }],
  ['range outside the network', { ranges: [{ start: ip('10.78.0.1'), end: ip('10.78.0.2') }] }],
  ['range that ends before it starts', { ranges: [{ start: ip('10.77.0.9'), end: ip('10.77.0.8') }] }],
  [
    'ranges that overlap',
    {
      ranges: [
        { start: ip('10.77.0.5'), end: ip('10.77.0.9') },
        { start: ip('10.77.0.1'), end: ip('10.77.0.5') },
      ],
    },
  ],
  ['lease of no time', { leaseTime: 0 }],
  ['lease of half a second', { leaseTime: 0.5 }],
  ['most that is less than usual', { leaseTime: 600, maxLeaseTime: 500 }],
  ['MTU that is too small to be one', { mtu: 67 }],
  ['MTU that no frame holds', { mtu: 65_522 }],
  ['MTU of half an octet', { mtu: 1499.5 }],
  ['domain that is none', { domain: 'a b' }],
  ['search domain that is none', { search: ['lab.test', '..'] }],
  ['raw option that the protocol fills in', { rawOptions: [{ code: 53, value: new Uint8Array(1) }] }],
  ['raw option that is no option', { rawOptions: [{ code: 255, value: new Uint8Array(1) }] }],
  ['half of a reservation', { reserved: () => undefined }],
])('a %s is refused in words', (_what, options) => {
  const refused = (): unknown => configuration(options);
  expect(refused).toThrow(EtherloomError);
  expect(refused).toThrow(expect.objectContaining({ code: 'bad-option' }));
});

test.each([68, 1500, 65_521])('an MTU of %i is offered', (mtu) => {
  expect(configuration({ mtu }).offerable.values.get(26)).toEqual(encodeUint16(mtu));
});

test('an MTU that changes is asked for each time, and is no value of its own', () => {
  let mtu = 1500;
  const config = configuration({ mtu: () => mtu });
  expect(config.mtu).toBe(1500);
  mtu = 1400;
  expect(config.mtu).toBe(1400);
  expect(config.offerable).toMatchObject({ mtuChanges: true });
  expect(config.offerable.values.has(26)).toBe(false);
  expect(configuration({ mtu: 1400 }).offerable.mtuChanges).toBe(false);
  const rawOptions = [{ code: 26, value: encodeUint16(1300) }];
  expect(configuration({ mtu: () => mtu, rawOptions }).offerable.mtuChanges).toBe(false);
});

test('what is configured is offered, and nothing else', () => {
  expect([...configuration().offerable.values.keys()]).toEqual([1, 28]);
  const network = parseIpv4Network('10.99.0.0/16');
  const { values } = configuration({
    router: ip('10.77.0.1'),
    dns: [ip('10.77.0.2'), ip('10.77.0.3')],
    ntp: [ip('10.77.0.4')],
    domain: 'lab.test',
    search: ['lab.test'],
    mtu: 1450,
    routes: network === undefined ? [] : [{ network, router: ip('10.77.0.1') }],
    rawOptions: [
      { code: 15, value: encodeText('other.test') },
      { code: 252, value: Uint8Array.of(1) },
    ],
  }).offerable;
  expect([...values.keys()].sort((a, b) => a - b)).toEqual([1, 3, 6, 15, 26, 28, 42, 119, 121, 249, 252]);
  expect(values.get(6)).toEqual(encodeAddresses(ip('10.77.0.2'), ip('10.77.0.3')));
  expect(values.get(15)).toEqual(encodeText('other.test'));
  expect(values.get(26)).toEqual(encodeUint16(1450));
  expect(values.get(249)).toEqual(values.get(121));
});

test('hosts have all addresses of a network but the first and the last; of a /31 and a /32, all', () => {
  const leasable = (network: string): readonly boolean[] => {
    const parsed = parseIpv4Network(network);
    return ['10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.7', '10.0.0.8'].map(
      (address) => parsed !== undefined && isLeasable(parsed, ip(address)),
    );
  };
  expect(leasable('10.0.0.4/30')).toEqual([false, false, true, true, false, false]);
  expect(leasable('10.0.0.4/31')).toEqual([false, true, true, false, false, false]);
  expect(leasable('10.0.0.4/32')).toEqual([false, true, false, false, false, false]);
});

test('the addresses of the router and of DNS servers are not in the pool', () => {
  const ranges = [{ start: ip('10.77.0.2'), end: ip('10.77.0.9') }];
  const { pool } = configuration({ ranges, router: ip('10.77.0.2'), dns: [ip('10.77.0.5'), ip('9.9.9.9')] });
  expect(pool.size).toBe(6);
  expect(['10.77.0.2', '10.77.0.5', '9.9.9.9', '10.77.0.3', '10.77.0.9'].map((text) => pool.has(ip(text)))).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});
