import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { gidNamed, groupName, isMember, uidNamed, userName } from '../../src/system/accounts.ts';

/** Returns the first columns of the system's own table: name and number. */
function entries(table: 'passwd' | 'group'): [string, number][] {
  const lines = execFileSync('getent', [table], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => line.split(':')).map(([name = '', , number]) => [name, Number(number)]);
}

describe('the accounts of this machine', () => {
  it('are those that getent lists', () => {
    for (const [name, uid] of entries('passwd')) expect([uidNamed(name), userName(uid)]).toEqual([uid, name]);
    for (const [name, gid] of entries('group')) expect([gidNamed(name), groupName(gid)]).toEqual([gid, name]);
  });

  it('are undefined where there is none', () => {
    expect([uidNamed('no such user'), gidNamed(''), userName(4_000_000_000), groupName(4_000_000_000)]).toEqual(Array(4).fill(undefined));
  });

  it('are members of the groups that id lists', () => {
    for (const [name, uid] of entries('passwd').slice(0, 5)) {
      const groups = execFileSync('id', ['-G', name], { encoding: 'utf8' }).trim().split(' ').map(Number);
      for (const [, gid] of entries('group')) expect(isMember(uid, gid), `${name} in ${gid}`).toBe(groups.includes(gid));
    }
    expect(isMember(4_000_000_000, 0)).toBe(false);
  });
});
