import { describe, expect, it } from 'vitest';
import { FamiliarOrigins } from '../../../src/star/node/familiar-origins.ts';
import { originOf, WaitingRoom, type Waiting } from '../../../src/star/node/waiting-room.ts';

interface Visitor extends Waiting {
  readonly name: string;
}

const from = (origin: string, name: string, members = 0): Visitor => ({ origin, name, members });

describe('a waiting room', () => {
  it('sends away the oldest of the origin that holds most, and no other', () => {
    const room = new WaitingRoom<Visitor>({ places: 4 });
    const visitors = [from('b', 'b1'), from('a', 'a1'), from('a', 'a2'), from('c', 'c1')];
    expect(visitors.map((visitor) => room.enter(visitor))).toEqual([undefined, undefined, undefined, undefined]);
    expect(room.enter(from('d', 'd1'))?.name).toBe('a1');
    // Now each origin holds one.
    expect(room.enter(from('e', 'e1'))?.name).toBe('b1');
    expect(room.size).toBe(4);
    expect([...room].map(({ name }) => name)).toEqual(['a2', 'c1', 'd1', 'e1']);
  });

  it('sends away one of a crowd, however long the others wait', () => {
    const room = new WaitingRoom<Visitor>({ places: 64 });
    room.enter(from('quiet', 'first'));
    for (let i = 0; i < 10_000; i++) room.enter(from('crowd', `crowd ${i}`));
    expect([...room].map(({ name }) => name)).toEqual(['first', ...Array.from({ length: 63 }, (_, i) => `crowd ${9_937 + i}`)]);
  });

  it('keeps four places for an origin of members while each of many others holds one', () => {
    const room = new WaitingRoom<Visitor>({ places: 8 });
    for (let i = 0; i < 4; i++) room.enter(from('home', `home ${i}`, 1));
    for (let i = 0; i < 100; i++) room.enter(from(`stranger ${i}`, `stranger ${i}`));
    expect([...room].filter(({ origin }) => origin === 'home').length).toBe(4);
    // A crowd behind the address of a member has no more than others.
    for (let i = 4; i < 100; i++) room.enter(from('home', `home ${i}`, 1));
    expect([...room].filter(({ origin }) => origin === 'home').length).toBeLessThan(8);
    expect([...room].filter(({ origin }) => origin !== 'home').length).toBeGreaterThan(0);
  });

  it('sends away one of a crowd that has yet to begin, and the oldest only when all are under way', () => {
    const room = new WaitingRoom<Visitor & { isUnderWay: boolean }>({ places: 3 });
    const visitors = ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => ({ ...from('a', name), isUnderWay: false }));
    const [first, second, third, fourth, last] = visitors;
    for (const visitor of visitors.slice(0, 2)) Object.assign(visitor, { isUnderWay: true });
    const enter = (visitor = first): string | undefined => visitor && room.enter(visitor)?.name;
    expect([enter(first), enter(second), enter(third)]).toEqual([undefined, undefined, undefined]);
    expect(enter(fourth)).toBe('a3');
    // It is the last itself.
    Object.assign(fourth ?? {}, { isUnderWay: true });
    expect(enter(last)).toBe('a5');
    // A stranger has let it wait for long.
    Object.assign(first ?? {}, { isUnderWay: false });
    expect(enter(last)).toBe('a1');
    // Another origin gets in all the same.
    for (const visitor of visitors) Object.assign(visitor, { isUnderWay: true });
    expect(room.enter({ ...from('b', 'b1'), isUnderWay: false })?.name).toBe('a2');
  });

  it('has further places for an origin of members: four for the first, two for each other, up to a limit', () => {
    const room = new WaitingRoom<Visitor>({ places: 2, membersPlaces: 9 });
    const enter = (origin: string, count: number, members: number): (string | undefined)[] =>
      Array.from({ length: count }, (_, i) => room.enter(from(origin, `${origin} ${i}`, members))?.name);
    expect(enter('home', 6, 2)).toEqual(new Array(6).fill(undefined));
    expect(enter('stranger', 2, 0)).toEqual([undefined, undefined]);
    // Its places on top are taken.
    expect(enter('home', 1, 2)).toEqual(['home 0']);
    expect(enter('stranger', 1, 0)).toEqual(['stranger 0']);
    expect(enter('town', 10, 1000)).toEqual([...new Array<undefined>(9).fill(undefined), 'town 0']);
    expect(room.size).toBe(17);
  });

  it('tells who would lose a place, and changes nothing', () => {
    const room = new WaitingRoom<Visitor>({ places: 1 });
    const [first, second] = [from('a', 'a1'), from('a', 'a2')];
    expect(room.loserTo(first)).toBeUndefined();
    room.enter(first);
    expect([room.loserTo(second), [...room]]).toEqual([first, [first]]);
  });

  it('gives a place back once', () => {
    const room = new WaitingRoom<Visitor>({ places: 1 });
    const visitor = from('a', 'a1');
    room.enter(visitor);
    expect([room.leave(visitor), room.leave(visitor), room.size]).toEqual([true, false, 0]);
    expect(room.enter(from('b', 'b1'))).toBeUndefined();
  });
});

describe('an origin', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::', 'fe80:0:0:0::/64'],
    ['1:2:3:4:5:6:7:8:9::1', '1:2:3:4::/64'],
  ])('of %s is %s', (address, origin) => {
    expect(originOf(address)).toBe(origin);
  });
});

describe('familiar origins', () => {
  it('are those from which members last came', () => {
    const familiar = new FamiliarOrigins([['z', '10.0.0.9']]);
    familiar.note('a', '10.0.0.1');
    familiar.note('b', '10.0.0.1');
    familiar.note('a', '10.0.0.2');
    const known = (): number[] => ['10.0.0.9', '10.0.0.1', '10.0.0.2'].map((origin) => familiar.count(origin));
    expect(known()).toEqual([1, 1, 1]);
    familiar.note('b', '2001:db8::7');
    familiar.forget('a');
    familiar.forget('a');
    expect(known()).toEqual([1, 0, 0]);
    expect(familiar.count(originOf('2001:db8::8'))).toBe(1);
  });
});
