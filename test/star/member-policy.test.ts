import { describe, expect, it } from 'vitest';
import { AddressPlan } from '../../src/star/address-plan.ts';
import { macOfId, maxId } from '../../src/star/identity.ts';
import { memberPolicy } from '../../src/star/member-policy.ts';
import { ipv4FromNumber, type Ipv4Address } from '../../src/wire/ipv4.ts';
import { macFromNumber } from '../../src/wire/mac.ts';

const network = { address: ipv4FromNumber(0x0a4d_0000), prefixLength: 24 };
const at = (last: number): Ipv4Address => ipv4FromNumber(network.address + last);
const none = { dhcp: new Set<number>(), open: new Set<number>() };

/** A star of ids 1 to 3, in which id 2 has the address 10.77.0.99 by a reservation, and the absent id 9 has 10.77.0.98. */
function plan(present = [1, 2, 3]): AddressPlan {
  const reservations = new Map([
    [2, at(99)],
    [9, at(98)],
  ]);
  return new AddressPlan({ network }, reservations, (id) => present.includes(id));
}

describe('the policy for a member', () => {
  const policy = memberPolicy(3, plan(), none);

  it('gives it the MAC address of its id, and all those that follow from none', () => {
    expect([0, 1, 2, 4, maxId].filter((id) => policy.mayUse(macOfId(id)))).toEqual([]);
    expect([macOfId(3), macFromNumber(0x0200_0000_0001), macFromNumber(0x0265_6c01_0001)].every((mac) => policy.mayUse(mac))).toBe(true);
  });

  it('gives it its own address, and those that belong to no member and not to the server', () => {
    // 10.77.0.12 would be that of id 2 by the formula, and 10.77.0.14 that of an id that is not in the star.
    const last = [0, 1, 10, 11, 12, 13, 14, 98, 99, 200];
    expect(last.filter((one) => policy.mayClaim(at(one)))).toEqual([0, 12, 13, 14, 200]);
    expect([0, 0x0808_0808, 0xffff_ffff].every((one) => policy.mayClaim(ipv4FromNumber(one)))).toBe(true);
  });

  it('follows the members that come', () => {
    const present = [3];
    const changing = memberPolicy(3, plan(present), none);
    expect(changing.mayClaim(at(14))).toBe(true);
    present.push(4);
    expect(changing.mayClaim(at(14))).toBe(false);
  });

  it('trusts DHCP servers behind the members that are named alone', () => {
    const trusted = { ...none, dhcp: new Set([3]) };
    expect([2, 3].map((id) => memberPolicy(id, plan(), trusted).trustDhcp)).toEqual([false, true]);
    expect(memberPolicy(3, plan(), trusted).mayUse(macOfId(1))).toBe(false);
  });

  it('of an open member refuses the addresses of the server and of the guest of the master alone', () => {
    const open = memberPolicy(3, plan(), { ...none, open: new Set([3]) });
    expect(open.open).toBe(true);
    expect([0, 1, 2, 3].filter((id) => !open.mayUse(macOfId(id)))).toEqual([0]);
    expect([1, 10, 11, 99, 200].filter((one) => !open.mayClaim(at(one)))).toEqual([1, 10]);
  });
});
