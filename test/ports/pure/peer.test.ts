import { describe, expect, it } from 'vitest';
import { mayShare, self, uidOf, type Peer } from '../../../src/ports/pure/peer.ts';
import { user } from '../../user.ts';

const node = (id: number): Peer => ({ kind: 'node', id, fingerprint: `f${id}` });
const remote = (address: string): Peer => ({ kind: 'remote', address });

describe('the peer of a port', () => {
  it('has a user only where the kernel tells one: root is one', () => {
    expect([user(1000), user(0), node(0), remote('10.0.0.1:7'), self, undefined].map(uidOf)).toEqual([
      1000,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('shares a port with its like: processes of its user, itself as a node, or others that are not known', () => {
    expect(mayShare(user(1000), { kind: 'user', uid: 1000, pid: 2 })).toBe(true);
    expect(mayShare(node(1), node(1))).toBe(true);
    expect(mayShare(remote('10.0.0.1:7'), remote('10.0.0.2:7'))).toBe(true);
    expect(mayShare(self, self)).toBe(true);
  });

  it.each([
    [user(1000), user(1001)],
    [user(0), self],
    [user(0), remote('10.0.0.1:7')],
    [node(1), node(2)],
    [node(1), remote('10.0.0.1:7')],
    [remote('10.0.0.1:7'), self],
  ])('shares none with others: %j and %j', (a, b) => {
    expect([mayShare(a, b), mayShare(b, a)]).toEqual([false, false]);
  });
});
