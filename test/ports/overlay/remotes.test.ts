import { describe, expect, it, onTestFinished } from 'vitest';
import { logTo } from '../../../src/log.ts';
import { EtherloomError } from '../../../src/errors.ts';
import { Remotes, type RemotesOptions } from '../../../src/ports/overlay/remotes.ts';
import { keyOf } from '../../../src/system/ip-address.ts';
import { nextTurn } from '../../../src/clock.ts';
import { ManualClock } from '../../manual-clock.ts';

/** A name service whose answers the test changes, and the log. */
class Names {
  readonly clock = new ManualClock();
  readonly logged: string[] = [];
  readonly addresses = new Map([
    ['a.example', '127.0.0.1'],
    ['b.example', '127.0.0.2'],
    ['six.example', '::1'],
  ]);
  asked = 0;

  async resolve(hosts: readonly string[], options: Partial<RemotesOptions> = {}, family?: 4 | 6): Promise<Remotes> {
    const listed = hosts.map((host) => ({ host, port: 4789 }));
    const remotes = await Remotes.resolve(listed, family, {
      clock: this.clock,
      log: logTo((message) => void this.logged.push(message)),
      port: 4789,
      resolve: (host) => this.#answer(host),
      ...options,
    });
    onTestFinished(() => remotes[Symbol.dispose]());
    return remotes;
  }

  /** Lets so many seconds pass, ten at a time. */
  async pass(seconds: number): Promise<void> {
    for (let at = 0; at < seconds; at += 10) {
      this.clock.advance(10_000);
      await nextTurn();
    }
  }

  #answer(host: string): Promise<string> {
    this.asked++;
    const address = /^[\d.]+$|:/.test(host) ? host : this.addresses.get(host);
    return address === undefined ? Promise.reject(new EtherloomError('bad-address', `${host} has no address`)) : Promise.resolve(address);
  }
}

describe('the remotes of an overlay', () => {
  it('are found by their addresses', async () => {
    const remotes = await new Names().resolve(['a.example', '127.0.0.9']);
    expect(remotes.listed.map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.9']);
    expect(remotes.at(keyOf('127.0.0.1'))?.host).toBe('a.example');
    expect(remotes.at(keyOf('127.0.0.3'))).toBeUndefined();
  });

  it('are of one version of IP, without a host twice', async () => {
    const names = new Names();
    await expect(names.resolve(['a.example', 'six.example'])).rejects.toThrow(
      'six.example has no address of IPv4, as the other remotes or local= have',
    );
    await expect(names.resolve(['a.example'], {}, 6)).rejects.toThrow('a.example has no address of IPv6');
    await expect(names.resolve(['a.example', '127.0.0.1'])).rejects.toThrow('two remotes have the address 127.0.0.1');
    expect((await names.resolve(['six.example'])).family).toBe(6);
  });

  it('that are silent for a minute while packets are sent are resolved again', async () => {
    const names = new Names();
    const remotes = await names.resolve(['a.example']);
    const [remote] = remotes.listed;
    if (!remote) throw new Error('there is no remote');
    names.addresses.set('a.example', '127.0.0.5');
    await names.pass(120);
    expect([names.asked, remote.address]).toEqual([1, '127.0.0.1']);
    remote.sent = remote.heard = true;
    await names.pass(10);
    remote.sent = true;
    await names.pass(50);
    expect(names.asked).toBe(1);
    await names.pass(10);
    expect([names.asked, remote.address]).toEqual([2, '127.0.0.5']);
    expect([remotes.at(keyOf('127.0.0.5')), remotes.at(keyOf('127.0.0.1'))]).toEqual([remote, undefined]);
    expect(names.logged).toEqual(['a.example is at 127.0.0.5 now, no longer at 127.0.0.1']);
  });

  it('that the system refuses are resolved again soon, and keep their address while there is no other', async () => {
    const names = new Names();
    const remotes = await names.resolve(['a.example']);
    const [remote] = remotes.listed;
    if (!remote) throw new Error('there is no remote');
    names.addresses.delete('a.example');
    remote.failed = true;
    await names.pass(10);
    remote.failed = true;
    await names.pass(10);
    expect([names.asked, remote.address]).toEqual([3, '127.0.0.1']);
    expect(names.logged).toEqual(['a.example does not answer at 127.0.0.1: a.example has no address']);
    names.addresses.set('a.example', '127.0.0.6');
    remote.failed = true;
    await names.pass(10);
    expect(remote.address).toBe('127.0.0.6');
  });

  it('whose name has no address yet are resolved until it has one, and keep no other from its packets', async () => {
    const names = new Names();
    const remotes = await names.resolve(['c.example', 'six.example']);
    const [absent] = remotes.listed;
    expect([remotes.family, absent?.to, absent?.address, remotes.at(keyOf('::1'))?.host]).toEqual([6, undefined, '', 'six.example']);
    await names.pass(20);
    expect(names.logged).toEqual([
      'c.example has no address; trying again until it has one',
      'c.example does not answer: c.example has no address',
    ]);
    names.addresses.set('c.example', '::2');
    await names.pass(10);
    expect([absent?.address, remotes.at(keyOf('::2'))]).toEqual(['::2', absent]);
    expect(names.logged.slice(2)).toEqual(['c.example is at ::2 now']);
    expect((await names.resolve(['d.example'])).family).toBe(4);
  });

  it('keep their addresses from others whose names get the same one', async () => {
    const names = new Names();
    const remotes = await names.resolve(['a.example', 'b.example']);
    const [a, b] = remotes.listed;
    names.addresses.set('b.example', '127.0.0.1');
    if (b) b.failed = true;
    await names.pass(10);
    expect([remotes.at(keyOf('127.0.0.1')), remotes.at(keyOf('127.0.0.2'))]).toEqual([a, b]);
    expect(names.logged[0]).toMatch(/^b\.example is at 127\.0\.0\.1 now, which is the address of the remote a\.example/);
  });

  it('named by address are never resolved again', async () => {
    const names = new Names();
    const remotes = await names.resolve(['127.0.0.1']);
    for (const remote of remotes.listed) remote.sent = remote.failed = true;
    await names.pass(300);
    expect(names.asked).toBe(1);
  });

  it('are learned up to a bound, and forgotten when they are silent for two minutes', async () => {
    const names = new Names();
    const remotes = await names.resolve(['127.0.0.1'], { takesAny: true });
    const first = keyOf('127.1.0.0') as number;
    for (let i = 0; i < 1_024; i++) expect(remotes.learn(first + i)?.port).toBe(4789);
    expect(remotes.learn(first + 1_024)).toBeUndefined();
    const kept = remotes.at(first + 7);
    for (let i = 0; i < 12; i++) {
      if (kept) kept.heard = true;
      await names.pass(10);
    }
    expect([remotes.at(first + 7), remotes.at(first + 8), remotes.at(keyOf('127.0.0.1'))?.host]).toEqual([kept, undefined, '127.0.0.1']);
    expect(remotes.learn(first + 1_024)?.address).toBe('127.1.4.0');
  });
});
