import fc from 'fast-check';
import { expect, test } from 'vitest';
import { highOf, lowOf, StationTable } from '../../src/switch/station-table.ts';
import { vid } from '../../src/wire/dot1q.ts';

const fewKeys = fc.record({ high: fc.nat(3), low: fc.integer({ min: -3, max: 3 }) });

test('the table answers like a Map, whatever is added and removed, and whatever the seed', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fewKeys), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer(), steps, (seed, wanted) => {
      const table = new StationTable(seed);
      const model = new Map<string, { high: number; low: number }>();
      for (const [add, key] of wanted) {
        const name = `${key.high} ${key.low}`;
        const known = model.get(name);
        if (add && known === undefined) {
          table.add(key);
          model.set(name, key);
        } else if (!add && known !== undefined) {
          table.delete(key);
          model.delete(name);
        }
        expect(table.size).toBe(model.size);
      }
      for (let high = 0; high < 4; high++) {
        for (let low = -3; low <= 3; low++) expect(table.get(high, low)).toBe(model.get(`${high} ${low}`));
      }
    }),
  );
});

test('thousands of stations are found again after half of them are removed', () => {
  const table = new StationTable(7);
  const keys = Array.from({ length: 10_000 }, (_, n) => ({ high: n & 7, low: Math.imul(n, 0x1234_5677) }));
  for (const key of keys) table.add(key);
  for (const [n, key] of keys.entries()) if (n % 2 === 0) table.delete(key);
  expect(keys.filter((key, n) => table.get(key.high, key.low) !== (n % 2 === 0 ? undefined : key))).toEqual([]);
  expect(table.size).toBe(5_000);
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
