import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupState } from '../../src/star/group-state.ts';
import { maxId } from '../../src/star/identity.ts';
import { decideNew, decideReturn, type JoinDecision } from '../../src/star/join-decision.ts';
import type { Hello } from '../../src/star/messages.ts';
import { group } from './changes.ts';
import { digest } from './digest.ts';

type Wish = Pick<Hello, 'demanded' | 'last'>;

const key = (n: number): string => n.toString(16).padStart(32, '0');

/** Decides about plain slave `n`, and keeps a join. */
function join(state: GroupState, n: number, wish: Wish = {}): JoinDecision {
  const hello: Hello = { type: 'hello', host: `host-${n}`, ...wish };
  const from = '192.0.2.1';
  const request = { key: key(n), hello, from, plain: true, now: 7, offered: 'o'.repeat(26), approve: false, digest, isLiving: () => false };
  const known = state.member(request.key);
  const decision = known ? decideReturn(state, known, request) : decideNew(state, request);
  if ('changes' in decision) for (const change of decision.changes) state.apply(change);
  return decision;
}

function idOf(state: GroupState, n: number, wish?: Wish): number | undefined {
  const decision = join(state, n, wish);
  return 'member' in decision ? decision.member.id : undefined;
}

function groupOf(...joined: number[]): GroupState {
  const state = new GroupState([group]);
  for (const n of joined) join(state, n);
  return state;
}

describe('the id of a plain slave', () => {
  it('is given in the order of joining', () => {
    const state = groupOf();
    expect([7, 3, 9].map((n) => idOf(state, n))).toEqual([1, 2, 3]);
  });

  it('stays with its key', () => {
    expect(idOf(groupOf(7, 3, 9), 3)).toBe(2);
  });

  it('that is demanded is given, and not given again', () => {
    const state = groupOf();
    expect([idOf(state, 1, { demanded: 2 }), idOf(state, 2), idOf(state, 3)]).toEqual([2, 1, 3]);
  });

  it('that is demanded is refused when it belongs to another slave, or is none', () => {
    expect(join(groupOf(1), 2, { demanded: 1 })).toMatchObject({ type: 'refusal', code: 'id', retry: false });
    for (const demanded of [0, -1, maxId + 1]) expect(join(groupOf(), 1, { demanded })).toMatchObject({ code: 'id' });
  });

  it('that is demanded in place of the old one frees that', () => {
    const state = groupOf(1, 2);
    expect([idOf(state, 1, { demanded: 9 }), idOf(state, 3, { demanded: 1 })]).toEqual([9, 1]);
  });

  it('comes back to its slave when the master lost its state, unless another slave has it by now', () => {
    expect(idOf(groupOf(), 5, { last: 4 })).toBe(4);
    expect(idOf(groupOf(1), 5, { last: 1 })).toBe(2);
    expect(idOf(groupOf(), 5, { last: maxId + 1 })).toBe(1);
  });

  it('is never that of two slaves, whatever they ask for', () => {
    const step = fc.record({
      n: fc.nat(5),
      demanded: fc.option(fc.integer({ min: -1, max: 6 }), { nil: undefined }),
      last: fc.option(fc.nat(6), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const state = groupOf();
        const ids = new Map<number, number>();
        for (const { n, ...wish } of steps) {
          const id = idOf(state, n, wish);
          if (id !== undefined) ids.set(n, id);
          expect(new Set(ids.values()).size).toBe(ids.size);
        }
        expect(state.size).toBe(ids.size);
      }),
    );
  });
});
