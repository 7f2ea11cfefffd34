import { expect, test } from 'vitest';
import type { DhcpOptions } from '../../src/dhcp/config.ts';
import { Leases, type Client } from '../../src/dhcp/leases.ts';
import type { LeaseRecord } from '../../src/dhcp/lease-record.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { clientMac, configuration, ip } from './segment.ts';

const client = (n: number): Client => ({ key: `client ${n}`, mac: clientMac(n), hostname: undefined, ingress: n });
const table = (options: Partial<DhcpOptions> = {}): Leases => new Leases(configuration(options));
const offer = (leases: Leases, n: number): ReturnType<typeof ip> => {
  const address = leases.candidate(client(n).key, 0, () => false);
  if (address === undefined) throw new Error('no address is free');
  leases.apply({ kind: 'offer', address, client: client(n), expires: 60_000 });
  return address;
};
const bind = (leases: Leases, n: number, expires = 600_000): ReturnType<typeof ip> => {
  const address = offer(leases, n);
  leases.apply({ kind: 'bind', address, client: client(n), expires, duration: 600 });
  return address;
};

test('every address of the pool is given once, then none', () => {
  const leases = table();
  expect(new Set(Array.from({ length: 10 }, (_, n) => bind(leases, n))).size).toBe(10);
  expect(leases.candidate('one more', 0, () => false)).toBeUndefined();
});

test('an offer that ends leaves nothing, a lease that ends leaves its client', () => {
  const leases = table();
  const [offered, bound] = [offer(leases, 1), bind(leases, 2)];
  expect(leases.nextExpiry()).toBe(60_000);
  expect(leases.expire(60_000)).toEqual([]);
  expect([leases.at(offered), leases.of(client(1).key)]).toEqual([undefined, undefined]);
  expect(leases.expire(600_000)).toMatchObject([{ address: bound, state: 'bound', mac: clientMac(2) }]);
  expect(leases.of(client(2).key)).toMatchObject({ address: bound, state: 'idle' });
  expect(leases.nextExpiry()).toBe(Infinity);
});

test('a withdrawn offer leaves a client that was here before as it was', () => {
  const leases = table();
  const address = bind(leases, 1);
  leases.apply({ kind: 'release', address });
  leases.apply({ kind: 'offer', address, client: client(1), expires: 60_000 });
  leases.apply({ kind: 'withdraw', address });
  expect(leases.at(address)).toMatchObject({ state: 'idle', key: client(1).key });
});

test('a client that is offered another address no longer has the first offer', () => {
  const leases = table();
  const first = offer(leases, 1);
  leases.apply({
    kind: 'offer',
    address: ip(first === ip('10.77.0.55') ? '10.77.0.56' : '10.77.0.55'),
    client: client(1),
    expires: 60_000,
  });
  expect(leases.size).toBe(1);
});

test('when no more addresses may be remembered, the client that left first is forgotten; those that are here are not', () => {
  const leases = table({ maxLeases: 3 });
  const [a, b, c] = [bind(leases, 1), bind(leases, 2), bind(leases, 3)];
  expect([leases.candidate('one more', 0, () => false), leases.hasRoomFor(ip('10.77.0.200')), leases.hasRoomFor(a)]).toEqual([
    undefined,
    false,
    true,
  ]);
  for (const address of [b, a]) leases.apply({ kind: 'release', address });
  expect(leases.candidate('one more', 0, () => false)).toBe(b);
  leases.apply({ kind: 'offer', address: ip('10.77.0.200'), client: client(4), expires: 60_000 });
  expect([leases.size, leases.at(b), leases.at(a)?.state, leases.at(c)?.state]).toEqual([3, undefined, 'idle', 'bound']);
});

test('of more than 1,024 addresses in quarantine the first is let go', () => {
  const leases = table({ network: { address: ip('10.77.0.0'), prefixLength: 16 } });
  for (let n = 0; n < 1030; n++) {
    leases.apply({ kind: 'quarantine', address: ipv4FromNumber(ip('10.77.1.0') + n), user: undefined, ingress: 9, expires: 600_000 });
  }
  expect([leases.size, leases.at(ip('10.77.1.5')), leases.at(ip('10.77.1.6'))?.state]).toEqual([1024, undefined, 'quarantined']);
});

test('a pool of which most is reserved is searched in steps, and what is free is found', () => {
  const isReserved = (address: number): boolean => address !== ip('10.77.99.99');
  const network = { address: ip('10.77.0.0'), prefixLength: 16 };
  const leases = table({ network, ranges: [{ start: ip('10.77.0.2'), end: ip('10.77.255.254') }], reserved: () => undefined, isReserved });
  const found = Array.from({ length: 20 }, () => leases.candidate('anybody', 0, () => false)).find((address) => address !== undefined);
  expect(found).toBe(ip('10.77.99.99'));
});

test('a /8 is leased without listing it', () => {
  const started = performance.now();
  const leases = table({
    network: { address: ip('10.0.0.0'), prefixLength: 8 },
    ranges: [{ start: ip('10.0.0.0'), end: ip('10.255.255.255') }],
  });
  for (let n = 0; n < 1000; n++) bind(leases, n);
  expect(leases.size).toBe(1000);
  expect(performance.now() - started).toBeLessThan(1000);
});

test('of two records of one client the later is the one that it has', () => {
  const record = { state: 'bound', key: 'a', mac: clientMac(1), duration: 600 } as const;
  const records: readonly LeaseRecord[] = [
    { ...record, address: ip('10.77.0.52'), since: 1200 },
    { ...record, address: ip('10.77.0.51'), since: 1000 },
    { ...record, address: ip('10.77.0.53'), since: 1300, state: 'forgotten' },
  ];
  const leases = table();
  leases.restore(records, 0, 1_300_000);
  expect(leases.of('a')?.address).toBe(ip('10.77.0.52'));
  expect(Array.from(leases.entries(), ({ address, expires }) => [address, expires])).toEqual([
    [ip('10.77.0.51'), 300_000],
    [ip('10.77.0.52'), 500_000],
  ]);
});

test('a record without end lasts without end', () => {
  const leases = table();
  leases.restore([{ address: ip('10.77.0.52'), state: 'bound', key: 'a', mac: clientMac(1), since: 5, duration: 0xffff_ffff }], 0, 9e12);
  expect([leases.of('a')?.expires, leases.nextExpiry()]).toEqual([Infinity, Infinity]);
});
