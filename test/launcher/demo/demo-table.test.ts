import { describe, expect, it } from 'vitest';
import { allLeased, allReached, anyDied, demoPairs, inOrder, newDemoTable } from '../../../src/launcher/demo/demo-table.ts';
import { guest, leased, pinged, tableAfter } from './demo-tables.ts';

describe("the demo's table", () => {
  it('begins with a master and slaves that have no ids yet', () => {
    expect(newDemoTable(2).map(({ role, id, state }) => [role, id, state])).toEqual([
      ['master', 0, 'starting'],
      ['slave', undefined, 'starting'],
      ['slave', undefined, 'starting'],
    ]);
  });

  it('has the time at which a state began, not that of its last mention', () => {
    const [master] = tableAfter([0, guest(0, 'booting'), 100], [0, guest(0, 'booted'), 300], [0, guest(0, 'booted'), 500]);
    expect([master?.state, master?.since]).toEqual(['booted', 300]);
  });

  it('calls a guest leased that is ready and has an address, and keeps when it first had it', () => {
    const early = tableAfter([0, guest(0, 'booted', '10.77.0.10'), 100]);
    expect([early[0]?.state, early[0]?.leasedAt]).toEqual(['booted', 100]);
    const late = tableAfter([0, guest(0, 'booted', '10.77.0.10'), 100], [0, guest(0, 'ready', '10.77.0.10'), 200]);
    expect([late[0]?.state, late[0]?.since, late[0]?.leasedAt]).toEqual(['leased', 200, 100]);
    const lost = tableAfter([0, guest(0, 'ready', '10.77.0.10'), 100], [0, guest(0, 'ready'), 200]);
    expect([lost[0]?.state, lost[0]?.address]).toEqual(['ready', undefined]);
  });

  it('does not fall back to joined what is further', () => {
    const table = tableAfter([1, guest(2, 'booting'), 100], [1, { type: 'joined', id: 2, mac: '02:65:6c:00:00:02' }, 200]);
    expect([table[1]?.state, table[1]?.since]).toEqual(['booting', 100]);
  });

  it('is leased when all are, and says when one died', () => {
    expect(allLeased(tableAfter(...leased))).toBe(true);
    expect(allLeased(tableAfter(...leased.slice(0, -1)))).toBe(false);
    expect(anyDied(tableAfter(...leased))).toBe(false);
    expect(anyDied(tableAfter(...leased, [1, guest(2, 'died'), 9000]))).toBe(true);
  });

  it('has reached all when every guest was answered twice by every other', () => {
    expect(allReached(tableAfter(...leased))).toBe(false);
    expect(allReached(tableAfter(...leased, ...pinged(1)))).toBe(false);
    expect(allReached(tableAfter(...leased, ...pinged(2)))).toBe(true);
    expect(allReached(tableAfter(...leased, ...pinged(2).slice(1)))).toBe(false);
  });

  it('keeps the last round trip, which a lost ping takes away, and counts answers', () => {
    const table = tableAfter(...leased, ...pinged(2), [0, { type: 'ping', peer: '10.77.0.11', milliseconds: undefined }, 6000]);
    const pair = demoPairs(table).find(({ from, to }) => from.id === 0 && to.id === 1);
    expect(pair?.roundTrips).toEqual({ last: undefined, answers: 2 });
  });

  it('is in the order of ids, whoever joined first', () => {
    expect(inOrder(tableAfter(...leased)).map(({ id }) => id)).toEqual([0, 1, 2]);
    expect(inOrder(tableAfter([1, { type: 'joined', id: 2, mac: '' }, 1])).map(({ id }) => id)).toEqual([0, 2, undefined]);
  });
});
