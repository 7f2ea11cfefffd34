import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gidNamed } from '../../src/system/accounts.ts';
import { actAs, everyRights } from '../rights.ts';

/** Returns whether a process with this /proc/self/status has CAP_NET_ADMIN. [capabilities(7)] */
function mayNetAdmin(status: string): boolean {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return (BigInt(`0x${effective}`) & (1n << 12n)) !== 0n;
}

describe.each(everyRights)('a probe run by %s', (rights) => {
  it('has those rights and no others', (context) => {
    const actor = actAs(rights, context);
    const { status, stdout, stderr } = actor.run(actor.probe('test/system/rights-process.ts'));
    expect([status, stderr]).toEqual([0, '']);
    const found = JSON.parse(stdout) as { uid: number; groups: number[]; home: string; status: string };
    const expected = {
      root: { uid: 0, mayNetAdmin: mayNetAdmin(readFileSync('/proc/self/status', 'utf8')) },
      'a user in two groups': { uid: actor.uid, mayNetAdmin: false },
      'root without CAP_NET_ADMIN': { uid: 0, mayNetAdmin: false },
      'a user namespace with one group': { uid: 0, mayNetAdmin: true },
    }[rights];
    expect({ uid: found.uid, mayNetAdmin: mayNetAdmin(found.status) }).toEqual(expected);
    expect(found.home).toBe(actor.directory);
    if (rights === 'a user in two groups') expect(found.groups).toEqual(expect.arrayContaining(actor.groups.map((name) => gidNamed(name))));
  });

  it('has a home of its own that it can write to', (context) => {
    const actor = actAs(rights, context);
    expect(actor.run(actor.command(['touch', actor.path('made')]))).toMatchObject({ status: 0 });
    expect(statSync(actor.path('made')).uid).toBe(actor.uid);
  });
});
