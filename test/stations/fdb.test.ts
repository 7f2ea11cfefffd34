import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fdb, type FdbOptions, type Learned } from '../../src/stations/fdb.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { macFromNumber, writeMac } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';

/** A database whose ports are letters and whose stations are small numbers, at the clock's time. */
class Bed {
  readonly clock = new ManualClock();
  readonly fdb: Fdb<string>;

  constructor(options?: FdbOptions, isSticky?: (port: string) => boolean) {
    this.fdb = new Fdb(this.clock, options, isSticky);
  }

  learn(station: number, port: string, vlan = 0): Learned {
    this.fdb.beginBreath();
    return this.fdb.learn(vid(vlan), address(station), 0, port);
  }

  lookup(station: number, vlan = 0): string | undefined {
    this.fdb.beginBreath();
    return this.fdb.lookup(vid(vlan), address(station), 0);
  }

  stationsOf(port: string): number[] {
    return [...this.fdb.entries()].filter((entry) => entry.port === port).map(({ mac }) => mac);
  }
}

function address(station: number): Uint8Array {
  const octets = new Uint8Array(6);
  writeMac(octets, 0, macFromNumber(station));
  return octets;
}

test('a station is found where it was heard, in its VLAN only', () => {
  const bed = new Bed();
  expect(bed.lookup(1)).toBeUndefined();
  expect(bed.learn(1, 'a')).toBe('new');
  expect(bed.learn(1, 'b', 5)).toBe('new');
  expect(bed.learn(1, 'a')).toBe('known');
  expect([bed.lookup(1), bed.lookup(1, 5), bed.lookup(1, 6), bed.lookup(2)]).toEqual(['a', 'b', undefined, undefined]);
});

test('a silent station is forgotten after the ageing time, to the millisecond, swept out or not', () => {
  const bed = new Bed({ ageingTime: 1_000 });
  bed.learn(1, 'a');
  bed.clock.advance(999);
  expect(bed.lookup(1)).toBe('a');
  bed.clock.advance(1);
  expect(bed.lookup(1)).toBeUndefined();
  expect([...bed.fdb.entries()]).toEqual([]);
  expect(bed.learn(1, 'a')).toBe('new');
});

test('a station that is heard again stays', () => {
  const bed = new Bed({ ageingTime: 1_000 });
  bed.learn(1, 'a');
  bed.clock.advance(900);
  bed.learn(1, 'a');
  bed.clock.advance(900);
  expect(bed.lookup(1)).toBe('a');
});

test('a changed ageing time holds at once', () => {
  const bed = new Bed();
  bed.learn(1, 'a');
  bed.clock.advance(10_000);
  bed.fdb.ageingTime = 10_000;
  expect(bed.lookup(1)).toBeUndefined();
  bed.fdb.ageingTime = 10_001;
  expect(bed.lookup(1)).toBe('a');
});

test('old stations are swept out by the clock, and then no timer is left', () => {
  const bed = new Bed({ ageingTime: 1_000 });
  for (let station = 0; station < 20_000; station++) bed.learn(station, station % 2 === 0 ? 'a' : 'b');
  expect(bed.clock.timers).toBe(1);
  bed.clock.advance(500);
  bed.learn(0, 'a');
  bed.clock.advance(1_500);
  expect(bed.fdb.size).toBeGreaterThan(0);
  bed.clock.advance(2);
  expect(bed.fdb.size).toBe(0);
  expect(bed.clock.timers).toBe(0);
  bed.learn(1, 'a');
  expect(bed.clock.timers).toBe(1);
});

test('a database that was disposed leaves no timer', () => {
  const bed = new Bed();
  bed.learn(1, 'a');
  bed.fdb[Symbol.dispose]();
  expect(bed.clock.timers).toBe(0);
});

test('of very many stations of one port it is the silent ones that make room', () => {
  const bed = new Bed({ maxEntries: 1_000 });
  for (let station = 0; station < 1_000; station++) bed.learn(station, 'a');
  bed.clock.advance(1_000);
  // The first half speaks on, and hundreds of new stations come.
  for (let station = 0; station < 500; station++) bed.learn(station, 'a');
  bed.clock.advance(1_000);
  for (let station = 1_000; station < 1_400; station++) bed.learn(station, 'a');
  const lost = Array.from({ length: 500 }, (_, station) => station).filter((station) => bed.lookup(station) === undefined);
  expect(lost.length).toBeLessThan(40);
});

test('a station that keeps talking is not taken over by another port', () => {
  const bed = new Bed();
  bed.learn(1, 'a');
  for (let second = 0; second < 10; second++) {
    bed.clock.advance(1_000);
    expect(bed.learn(1, 'b')).toBe('held');
    expect(bed.learn(1, 'a')).toBe('known');
  }
  expect(bed.lookup(1)).toBe('a');
});

test('a station that was silent for the persistence time moves', () => {
  const bed = new Bed({ minPersistence: 3_000 });
  bed.learn(1, 'a');
  bed.clock.advance(2_999);
  expect(bed.learn(1, 'b')).toBe('held');
  bed.clock.advance(1);
  expect(bed.learn(1, 'b')).toBe('moved');
  expect([bed.lookup(1), bed.stationsOf('a'), bed.stationsOf('b')]).toEqual(['b', [], [1]]);
});

test('without a persistence time a station moves at once', () => {
  const bed = new Bed({ minPersistence: 0 });
  bed.learn(1, 'a');
  expect(bed.learn(1, 'b')).toBe('moved');
});

test('a station that is too old is new at its next port, however long the persistence time', () => {
  const bed = new Bed({ ageingTime: 1_000, minPersistence: 5_000 });
  bed.learn(1, 'a');
  bed.clock.advance(1_000);
  expect(bed.learn(1, 'b')).toBe('new');
});

test('flushing a port forgets its stations only', () => {
  const bed = new Bed();
  bed.learn(1, 'a');
  bed.learn(2, 'b');
  bed.learn(3, 'a', 5);
  bed.fdb.flush('a', vid(5));
  expect([bed.lookup(1), bed.lookup(2), bed.lookup(3, 5)]).toEqual(['a', 'b', undefined]);
  bed.fdb.flush('a');
  bed.fdb.flush('never heard');
  expect([bed.lookup(1), bed.lookup(2), bed.fdb.size]).toEqual([undefined, 'b', 1]);
  expect(bed.learn(1, 'b')).toBe('new');
});

test('entries tell VLAN, address, port and age, the longest silent first', () => {
  const bed = new Bed();
  bed.learn(1, 'a', 5);
  bed.clock.advance(10);
  bed.learn(0xffff_ffff_fffe, 'a', 4094);
  bed.clock.advance(20);
  bed.learn(1, 'a', 5);
  bed.clock.advance(5);
  expect([...bed.fdb.entries()]).toEqual([
    { vid: 4094, mac: 0xffff_ffff_fffe, port: 'a', age: 25 },
    { vid: 5, mac: 1, port: 'a', age: 5 },
  ]);
});

test('200,000 invented addresses drive out none of another port', () => {
  const bed = new Bed();
  const honest = Array.from({ length: 1_000 }, (_, station) => station);
  for (const station of honest) bed.learn(station, station % 2 === 0 ? 'a' : 'b');
  for (let station = 0; station < 200_000; station++) bed.learn(0x0200_0000_0000 + station, 'greedy');
  expect(bed.fdb.size).toBe(65_536);
  expect(honest.filter((station) => bed.lookup(station) !== (station % 2 === 0 ? 'a' : 'b'))).toEqual([]);
  expect(bed.stationsOf('greedy')).toContain(0x0200_0000_0000 + 199_999);
});

test('a full database takes a new station at the cost of the longest silent one of the greediest port', () => {
  const bed = new Bed({ maxEntries: 5 });
  for (const station of [1, 2, 3]) {
    bed.learn(station, 'greedy');
    bed.clock.advance(1);
  }
  bed.learn(4, 'a');
  bed.learn(5, 'b');
  bed.learn(1, 'greedy');
  bed.clock.advance(1);
  bed.learn(6, 'a');
  expect(bed.stationsOf('greedy')).toEqual([3, 1]);
  expect(bed.stationsOf('a')).toEqual([4, 6]);
  expect(bed.stationsOf('b')).toEqual([5]);
});

test('whatever is heard, the database stays within its bound, and only the greediest port loses stations to another', () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 20, arbitrary: fc.record({ station: fc.nat(40), port: fc.constantFrom('a', 'b', 'c', 'd') }) },
      { weight: 1, arbitrary: fc.record({ flush: fc.constantFrom('a', 'b', 'c', 'd') }) },
      { weight: 1, arbitrary: fc.record({ advance: fc.nat(5_000) }) },
    ),
    { maxLength: 150 },
  );
  fc.assert(
    fc.property(steps, (wanted) => {
      const bed = new Bed({ maxEntries: 12, ageingTime: 10_000 });
      const sizes = (): number[] => ['a', 'b', 'c', 'd'].map((port) => bed.stationsOf(port).length);
      for (const step of wanted) {
        if ('flush' in step) bed.fdb.flush(step.flush);
        else if ('advance' in step) bed.clock.advance(step.advance);
        else {
          const before = sizes();
          const full = bed.fdb.size === 12;
          const learning = bed.learn(step.station, step.port);
          const loser = sizes().findIndex((size, port) => size < (before[port] ?? 0));
          if (learning === 'new' && full && loser >= 0) expect(before[loser]).toBe(Math.max(...before));
        }
        expect(bed.fdb.size).toBeLessThanOrEqual(12);
      }
    }),
    { numRuns: 300 },
  );
});

test('with room enough the database answers like a table of when and where each station was heard', () => {
  const steps = fc.array(fc.record({ station: fc.nat(5), vlan: fc.nat(1), port: fc.constantFrom('a', 'b', 'c'), pause: fc.nat(4_000) }));
  fc.assert(
    fc.property(steps, (wanted) => {
      const bed = new Bed({ ageingTime: 9_000 });
      const model = new Map<string, { port: string; heard: number }>();
      for (const { station, vlan, port, pause } of wanted) {
        bed.clock.advance(pause);
        const now = bed.clock.monotonic();
        const known = model.get(`${station} ${vlan}`);
        bed.learn(station, port, vlan);
        if (known === undefined || known.port === port || now - known.heard >= 3_000) model.set(`${station} ${vlan}`, { port, heard: now });
        for (let other = 0; other <= 5; other++) {
          const place = model.get(`${other} ${vlan}`);
          expect(bed.lookup(other, vlan)).toBe(place !== undefined && now - place.heard < 9_000 ? place.port : undefined);
        }
      }
    }),
  );
});

test('a VLAN forgets its stations, others do not', () => {
  const bed = new Bed();
  for (const vlan of [0, 5]) for (const station of [1, 2, 3]) bed.learn(station, 'a', vlan);
  bed.fdb.flushVlan(vid(5));
  expect([bed.lookup(1, 5), bed.lookup(1, 0), bed.fdb.size]).toEqual([undefined, 'a', 3]);
});

test('the station of a sticky port is taken over by no other one until it is forgotten', () => {
  const bed = new Bed({ ageingTime: 9_000 }, (port) => port === 'sticky');
  bed.learn(1, 'sticky');
  bed.clock.advance(8_000);
  expect([bed.learn(1, 'b'), bed.lookup(1)]).toEqual(['held', 'sticky']);
  bed.clock.advance(1_000);
  expect([bed.learn(1, 'b'), bed.lookup(1)]).toEqual(['new', 'b']);
  bed.clock.advance(3_000);
  expect(bed.learn(1, 'sticky')).toBe('moved');
});
