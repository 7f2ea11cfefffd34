import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeGroupChange, encodeGroupChange, type GroupChange, type MemberRecord } from '../../src/star/group-change.ts';
import { GroupState } from '../../src/star/group-state.ts';
import { maxId } from '../../src/star/identity.ts';
import { Names, nameOfHost } from '../../src/star/names.ts';

const keyOf = (n: number): string => Array.from({ length: 32 }, (_, i) => 'abcdefghijklmnop'[(n >>> (i * 4)) & 15] ?? 'a').join('');

const member = (id: number, more: Partial<MemberRecord> = {}): MemberRecord => ({
  key: keyOf(id),
  id,
  name: `n${id}`,
  since: id,
  seen: id,
  ...more,
});

const token = { id: 'abcdefgh', hash: 'x', made: 1, expires: 2, uses: 3, used: 0 };

describe('the state of a group', () => {
  it('is found again by its compacted changes', () => {
    const change: fc.Arbitrary<GroupChange> = fc.oneof(
      fc.record({ type: fc.constant('group' as const), id: fc.constantFrom('g', 'h'), since: fc.nat(9) }),
      fc
        .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.boolean(), fc.boolean())
        .map(([n, id, linked, ephemeral]) => ({
          type: 'member' as const,
          member: member(id, { key: keyOf(n), name: `m${n}`, ...(linked && { linked: true }), ...(ephemeral && { ephemeral: true }) }),
        })),
      fc
        .tuple(fc.integer({ min: 1, max: 9 }), fc.boolean())
        .map(([n, reuse]) => ({ type: 'removed' as const, key: keyOf(n), ...(reuse && { reuse: true as const }) })),
      fc.constant({ type: 'token' as const, token }),
      fc.constantFrom(...([1, -1] as const)).map((by) => ({ type: 'used' as const, token: token.id, by, at: 7 })),
      fc.constant({ type: 'barred' as const, barred: { key: keyOf(3), id: 3, name: 'n3', at: 5, why: 'kicked' as const } }),
      fc.constantFrom(...(['next-pin', 'next-pin-over'] as const)).map((type) => ({ type, pin: keyOf(5), since: 9 })),
      fc.constant({ type: 'other' as const, value: { type: 'colour', of: 'sky' } }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const state = new GroupState(changes);
        const lines = [...state.changes()].map((one) => JSON.stringify(encodeGroupChange(one)));
        const again = new GroupState(lines.map((line) => decodeGroupChange(JSON.parse(line)) ?? expect.fail(line)));
        expect(again.members()).toEqual(state.members());
        expect([...again.tokens()]).toEqual([...state.tokens()]);
        expect([...again.bars()]).toEqual([...state.bars()]);
        expect([...again.ids.retired()]).toEqual([...state.ids.retired()]);
        expect(again.ids.left).toBe(state.ids.left);
        expect(again.ids.left).toBe(maxId - state.size - [...state.ids.retired()].length);
        expect(again.group).toEqual(state.group);
        expect(again.nextPin).toEqual(state.nextPin);
        expect(lines).toHaveLength(state.changeCount);
        expect(new Set(state.members().map(({ id }) => id)).size).toBe(state.size);
        expect([...again.changes()]).toEqual([...state.changes()]);
      }),
    );
  });

  it('gives the lowest free id, and that of a removed member on request only', () => {
    const state = new GroupState([1, 2, 3].map((id) => ({ type: 'member', member: member(id) })));
    state.apply({ type: 'removed', key: keyOf(1) });
    expect(state.ids.lowest()).toBe(4);
    expect(state.ids.mayDemand(1)).toBe(true);
    state.apply({ type: 'removed', key: keyOf(2), reuse: true });
    expect(state.ids.lowest()).toBe(2);
    expect(state.memberOf(3)?.name).toBe('n3');
    expect(state.memberOf(2)).toBeUndefined();
  });

  it('knows the members that never linked in the order of their joins', () => {
    const state = new GroupState([3, 1, 2].map((id) => ({ type: 'member', member: member(id) })));
    state.apply({ type: 'member', member: member(3, { name: 'other' }) });
    expect([...state.unlinked()]).toEqual([keyOf(3), keyOf(1), keyOf(2)]);
    state.apply({ type: 'member', member: member(1, { linked: true }) });
    expect([...state.unlinked()]).toEqual([keyOf(3), keyOf(2)]);
  });

  it.each([
    null,
    [],
    { type: 'member', member: { ...member(1), id: 0 } },
    { type: 'member', member: { ...member(1), key: 'short' } },
    { type: 'member', member: { ...member(1), waiting: 1 } },
    { type: 'token', token: { ...token, used: -1 } },
    { type: 'used', token: token.id, by: 2, at: 1 },
    { type: 'removed' },
  ])('is not changed by what is damaged: %j', (value) => {
    expect(decodeGroupChange(value)).toBeUndefined();
  });
});

describe('names', () => {
  it.each([
    ['Web.example.org', 'web'],
    ['my_laptop', 'my-laptop'],
    ['--', undefined],
    ['', undefined],
    ['日本', undefined],
    ['x'.repeat(80), 'x'.repeat(63)],
  ])('are made of a host called %j: %j', (host, name) => {
    expect(nameOfHost(host)).toBe(name);
  });

  it('have suffixes where they are taken, the lowest free one', () => {
    const names = new Names('star');
    for (const name of ['web', 'web-2', 'web-3']) names.take(name, 'k');
    expect(names.free('WEB')).toBe('web-4');
    names.release('web-2');
    expect(names.free('web')).toBe('web-2');
    expect(names.free('x'.repeat(63))).toBe('x'.repeat(63));
    names.take('x'.repeat(63), 'k');
    expect(names.free('x'.repeat(63))).toBe(`${'x'.repeat(61)}-2`);
  });

  it.each(['master', 'LOCALHOST', 'star', '-a', 'a_b', ''])('are not %j', (name) => {
    expect(new Names('star').fault(name)).toBeDefined();
  });
});
