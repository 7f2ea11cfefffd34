import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstToGo, type Guest } from '../../src/http/crowd.ts';

const guest = (standing: Guest['standing'], origin: string): Guest => ({ standing, origin });

describe('a crowd', () => {
  it('lets go of one that was turned away first', () => {
    const turned = guest('turned', 'b');
    expect(firstToGo([guest('silent', 'a'), guest('silent', 'a'), guest('silent', 'a'), turned])).toBe(turned);
  });

  it('lets go of the oldest of the origin that has the most', () => {
    const [first, second] = [guest('public', 'a'), guest('silent', 'a')];
    expect(firstToGo([guest('silent', 'b'), first, second, guest('known', 'b'), guest('known', 'b')])).toBe(first);
  });

  it('never lets go of a client that showed the token, nor of a newcomer beside one that has more', () => {
    const standing = fc.constantFrom<Guest['standing']>('silent', 'turned', 'public', 'known');
    const guests = fc.array(fc.record({ standing, origin: fc.constantFrom('a', 'b', 'c') }));
    fc.assert(
      fc.property(guests, (crowd) => {
        const gone = firstToGo(crowd);
        const others = crowd.filter((one) => one.standing !== 'known');
        expect(gone === undefined).toBe(others.length === 0);
        if (gone === undefined) return;
        expect(gone.standing).not.toBe('known');
        if (gone.standing === 'turned') return;
        const of = (origin: string): number => others.filter((one) => one.origin === origin).length;
        for (const origin of ['a', 'b', 'c']) expect(of(gone.origin)).toBeGreaterThanOrEqual(of(origin));
      }),
    );
  });
});
