import fc from 'fast-check';
import { expect, test } from 'vitest';
import { highOf, lowOf, nowhere, StationTable } from '../../src/stations/station-table.ts';
import { vid } from '../../src/wire/dot1q.ts';

const fewKeys = fc.record({ high: fc.nat(3), low: fc.integer({ min: -3, max: 3 }) });

test('the table answers like a Map, whatever is added and removed, and whatever the seed', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fewKeys), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer(), steps, (seed, wanted) => {
      const table = new StationTable(seed);
      const model = new Map<string, number>();
      let holders = 0;
      for (const [add, { high, low }] of wanted) {
        const name = `${high} ${low}`;
        const slot = table.get(high, low);
        expect(slot === nowhere ? undefined : table.holder(slot)).toBe(model.get(name));
        if (add && slot === nowhere) {
          table.add(high, low, ++holders, 0);
          model.set(name, holders);
        } else if (!add && slot !== nowhere) {
          table.delete(slot);
          model.delete(name);
        }
        expect(table.size).toBe(model.size);
      }
      for (let high = 0; high < 4; high++) {
        for (let low = -3; low <= 3; low++) {
          const slot = table.get(high, low);
          expect(slot === nowhere ? undefined : table.holder(slot)).toBe(model.get(`${high} ${low}`));
        }
      }
    }),
  );
});

test('thousands of stations are found again after half of them are removed, with all that was kept of them', () => {
  const table = new StationTable(7);
  const keys = Array.from({ length: 10_000 }, (_, n) => ({ high: ((n % 4096) << 16) | (n & 7), low: Math.imul(n, 0x1234_5677) }));
  for (const [n, { high, low }] of keys.entries()) table.add(high, low, n + 1, -n);
  for (const { high, low } of keys.filter((_, n) => n % 2 === 0)) table.delete(table.get(high, low));
  expect(table.size).toBe(5_000);
  for (const [n, { high, low }] of keys.entries()) {
    const slot = table.get(high, low);
    if (n % 2 === 0) {
      expect(slot).toBe(nowhere);
      continue;
    }
    expect([table.vid(slot), table.mac(slot)]).toEqual([n % 4096, (n & 7) * 2 ** 32 + (low >>> 0)]);
    expect([table.holder(slot), table.heard(slot)]).toEqual([n + 1, -n]);
  }
});

test('going upwards through the slots, and deleting, passes every station', () => {
  const table = new StationTable(3);
  for (let n = 0; n < 5_000; n++) table.add(n, n, 1 + (n % 2), 0);
  for (let slot = 0; slot < table.slots; slot++) while (table.holder(slot) === 1) table.delete(slot);
  expect(table.size).toBe(2_500);
  for (let n = 0; n < 5_000; n++) expect(table.get(n, n) === nowhere).toBe(n % 2 === 0);
});

test('a key tells apart every VLAN and every octet of the address', () => {
  const octets = Uint8Array.of(9, 2, 0, 0, 0, 0, 1);
  const key = (vlan: number, at: number, octet: number): string => {
    const address = octets.slice();
    address[at] = octet;
    return `${highOf(vid(vlan), address, 1)} ${lowOf(address, 1)}`;
  };
  const keys = [0, 1, 4095].flatMap((vlan) => [1, 2, 3, 4, 5, 6].flatMap((at) => [0x7f, 0x80, 0xff].map((octet) => key(vlan, at, octet))));
  expect(new Set(keys).size).toBe(keys.length);
});
