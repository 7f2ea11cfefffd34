import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxId } from '../../src/star/identity.ts';
import { assignId, decodeRoster, encodeRoster, isNodeKey, type IdWish, type Roster } from '../../src/star/roster.ts';

const key = (n: number): string => n.toString(16).padStart(32, '0');

function join(roster: Roster, n: number, wish?: IdWish): { roster: Roster; id: number } {
  const assignment = assignId(roster, key(n), wish);
  if ('refusal' in assignment) throw new Error(assignment.refusal);
  return assignment;
}

function rosterOf(...keys: number[]): Roster {
  return keys.reduce<Roster>((roster, n) => join(roster, n).roster, new Map());
}

describe('an id', () => {
  it('is given in the order of joining', () => {
    expect([...rosterOf(7, 3, 9).values()]).toEqual([1, 2, 3]);
  });

  it('stays with its node', () => {
    const roster = rosterOf(7, 3, 9);
    expect(join(roster, 3)).toEqual({ roster, id: 2 });
  });

  it('that is demanded is given, and not given again', () => {
    const roster = join(new Map(), 1, { demanded: 2 }).roster;
    expect(join(join(roster, 2).roster, 3).id).toBe(3);
  });

  it('that is demanded is refused when it belongs to another, or is none', () => {
    expect(assignId(rosterOf(1), key(2), { demanded: 1 })).toEqual({ refusal: expect.stringContaining('belongs to another') as string });
    for (const demanded of [0, -1, maxId + 1]) expect(assignId(new Map(), key(1), { demanded })).toHaveProperty('refusal');
  });

  it('that is demanded in place of the old one frees that', () => {
    const { roster } = join(rosterOf(1, 2), 1, { demanded: 9 });
    expect(join(roster, 3).id).toBe(1);
  });

  it('comes back to its node when the roster was lost, unless another has it by now', () => {
    expect(join(new Map(), 5, { last: 4 }).id).toBe(4);
    expect(join(rosterOf(1), 5, { last: 1 }).id).toBe(2);
    expect(join(new Map(), 5, { last: maxId + 1 }).id).toBe(1);
  });

  it('is refused when there are no more', () => {
    const full = new Map(Array.from({ length: maxId }, (_, i) => [key(i), i + 1]));
    expect(assignId(full, key(maxId + 1))).toHaveProperty('refusal');
  });

  it('is never that of two nodes, whoever asks for what', () => {
    const step = fc.record({
      n: fc.nat(5),
      demanded: fc.option(fc.integer({ min: -1, max: 6 }), { nil: undefined }),
      last: fc.option(fc.nat(6), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let roster: Roster = new Map();
        for (const { n, ...wish } of steps) {
          const assignment = assignId(roster, key(n), wish);
          if (!('refusal' in assignment)) roster = assignment.roster;
          expect(new Set(roster.values()).size).toBe(roster.size);
        }
      }),
    );
  });
});

describe('the text of a roster', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1000)), (keys) => {
        const roster = rosterOf(...keys);
        expect(decodeRoster(encodeRoster(roster))).toEqual(roster);
      }),
    );
  });

  it.each([
    ['no JSON', '{"version":1,'],
    ['another version', '{"version":2,"nodes":{}}'],
    ['no nodes', '{"version":1}'],
    ['a bad key', '{"version":1,"nodes":{"x":1}}'],
    ['a bad id', `{"version":1,"nodes":{"${key(1)}":0}}`],
    ['one id twice', `{"version":1,"nodes":{"${key(1)}":1,"${key(2)}":1}}`],
  ])('with %s is damaged', (_what, text) => {
    expect(decodeRoster(text)).toBeUndefined();
  });

  it('that is anything at all never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void decodeRoster(text)));
    fc.assert(fc.property(fc.anything(), (value) => void isNodeKey(value)));
  });
});
