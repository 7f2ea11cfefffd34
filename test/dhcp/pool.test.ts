import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberSet, Pool, withoutAddresses, type AddressRange } from '../../src/dhcp/pool.ts';
import { ip } from './segment.ts';

test('addresses are numbered through all ranges in order', () => {
  const pool = new Pool([
    { start: ip('10.0.0.20'), end: ip('10.0.0.21') },
    { start: ip('10.0.0.5'), end: ip('10.0.0.5') },
  ]);
  expect(pool.size).toBe(3);
  expect([0, 1, 2, 3].map((index) => pool.at(index))).toEqual([ip('10.0.0.20'), ip('10.0.0.21'), ip('10.0.0.5'), undefined]);
  expect([ip('10.0.0.21'), ip('10.0.0.5'), ip('10.0.0.6')].map((address) => pool.indexOf(address))).toEqual([1, 2, undefined]);
});

test('a /8 is as cheap as its members', () => {
  const pool = new Pool([{ start: ip('10.0.0.0'), end: ip('10.255.255.255') }]);
  expect(pool.size).toBe(2 ** 24);
  expect(pool.at(2 ** 24 - 1)).toBe(ip('10.255.255.255'));
});

test('the next number that is not in a set is found as by looking at each', () => {
  const numbers = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 200 })), { maxLength: 400, size: 'max' });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 0, max: 220 }), (steps, from) => {
      const [set, plain] = [new NumberSet(), new Set<number>()];
      for (const [isAdded, number] of steps) {
        set[isAdded ? 'add' : 'delete'](number);
        plain[isAdded ? 'add' : 'delete'](number);
      }
      let expected = from;
      while (plain.has(expected)) expected++;
      expect(set.nextAbsent(from)).toBe(expected);
      expect(set.has(from)).toBe(plain.has(from));
    }),
  );
});

test('a run of members over many words is stepped over at once', () => {
  const set = new NumberSet();
  for (let number = 0; number < 70_000; number++) set.add(number);
  expect([set.nextAbsent(0), set.nextAbsent(69_999), set.nextAbsent(70_001)]).toEqual([70_000, 70_000, 70_001]);
  set.delete(33_333);
  expect([set.nextAbsent(0), set.nextAbsent(33_334)]).toEqual([33_333, 70_000]);
  set.add(2 ** 32 - 1);
  expect(set.nextAbsent(2 ** 32 - 1)).toBe(2 ** 32);
});

test('ranges without some addresses have holes there, at their ends and in between', () => {
  const range = (start: string, end: string): AddressRange => ({ start: ip(start), end: ip(end) });
  const rest = withoutAddresses(
    [range('10.0.0.1', '10.0.0.9'), range('10.0.0.20', '10.0.0.20')],
    ['10.0.0.1', '10.0.0.5', '10.0.0.9', '10.0.0.20', '10.0.0.99'].map(ip),
  );
  expect(rest).toEqual([range('10.0.0.2', '10.0.0.4'), range('10.0.0.6', '10.0.0.8')]);
  expect(withoutAddresses([range('0.0.0.0', '255.255.255.255')], [ip('0.0.0.0'), ip('255.255.255.255')])).toEqual([
    range('0.0.0.1', '255.255.255.254'),
  ]);
});
