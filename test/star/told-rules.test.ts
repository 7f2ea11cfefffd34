import { describe, expect, it } from 'vitest';
import { AddressPlan } from '../../src/star/address-plan.ts';
import { macOfId, type NodeId } from '../../src/star/identity.ts';
import { memberPolicy } from '../../src/star/member-policy.ts';
import { RuleParts } from '../../src/star/shortcut-rules.ts';
import { shortcutMessageBounds } from '../../src/star/shortcut-messages.ts';
import { formatRules, parseRules, rangesOf, toldPolicy, type ToldRules } from '../../src/star/told-rules.ts';
import { ipv4FromNumber, type Ipv4Address } from '../../src/wire/ipv4.ts';
import { macFromNumber } from '../../src/wire/mac.ts';

const network = { address: ipv4FromNumber(0x0a4d_0000), prefixLength: 24 };
const at = (last: number): Ipv4Address => ipv4FromNumber(network.address + last);
const serverMac = macFromNumber(0x0265_6c01_0203);

/** The rules of a star in which id 2 has 10.77.0.99 by a reservation, and the router is where id 5 would be. */
const plan = new AddressPlan({ network, router: at(15) }, new Map([[2, at(99)]]), (id) => [1, 2, 3, 7].includes(id));
const rules: ToldRules = {
  ...plan.told,
  members: rangesOf([1, 2, 3, 7]),
  macs: [serverMac],
  addresses: [at(1), at(200)],
  trustDhcp: [3],
  open: [7],
};

describe('the rules that a master tells its slaves', () => {
  it('have a form of text, without loss', () => {
    expect(parseRules(formatRules(rules))).toEqual(rules);
    expect(formatRules(rules)).toContain('member 1-3');
    expect(
      Math.max(...formatRules({ ...rules, reserved: [[65_535, ipv4FromNumber(0xffff_ffff)]] }).map(({ length }) => length)),
    ).toBeLessThan(shortcutMessageBounds.rule);
  });

  it('pass over texts that they do not know', () => {
    const others = ['quota 3 100', 'member 3', 'member 3-x', 'reserved 5', 'taken', 'open 70000', 'mac 02:xx', ''];
    expect(parseRules([...others, ...formatRules(rules)])).toEqual(rules);
  });

  it('make the policy that the master has for the link of the member', () => {
    const trusted = { dhcp: new Set([3]), open: new Set([7]) };
    for (const id of [1, 2, 3, 7, 9]) {
      const [told, own] = [toldPolicy(id, network, rules), memberPolicy(id, plan, trusted)];
      expect([told.open, told.trustDhcp, told.floodRate]).toEqual([own.open, own.trustDhcp, own.floodRate]);
      for (let last = 0; last < 256; last++)
        expect(told.mayClaim(at(last)), `id ${id}, 10.77.0.${last}`).toBe(last !== 200 && own.mayClaim(at(last)));
      for (let other = 0; other < 12; other++) expect(told.mayUse(macOfId(other))).toBe(own.mayUse(macOfId(other)));
      expect(told.mayUse(serverMac)).toBe(false);
      expect(told.mayUse(macFromNumber(0x5254_0012_3456))).toBe(true);
    }
  });

  it('give ids as ranges', () => {
    expect(rangesOf([])).toEqual([]);
    expect(rangesOf([1, 2, 3, 5, 7, 8])).toEqual([
      [1, 3],
      [5, 5],
      [7, 8],
    ]);
  });

  it('are taken when all parts have come in order, and begin anew with the first', () => {
    const parts = new RuleParts();
    const take = (part: number, ids: NodeId[]): unknown =>
      parts.take({ type: 'rules', part, parts: 2, rules: ids.map((id) => `open ${id}`) });
    expect(take(1, [9])).toBeUndefined();
    expect(take(0, [1])).toBeUndefined();
    expect(take(0, [2])).toBeUndefined();
    expect(take(1, [3])).toMatchObject({ open: [2, 3] });
    expect(take(1, [3])).toBeUndefined();
  });
});
