import { expect, it, onTestFinished } from 'vitest';
import { Feed } from '../../src/feed.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { ShortcutEngine } from '../../src/star/shortcut-engine.ts';
import type { SlaveEngineOptions } from '../../src/star/slave-context.ts';
import type { Call } from './slave-rig.ts';
import { key, member, otherPin, rig, token, welcome } from './slave-rig.ts';

const neighbour = { type: 'neighbour', id: 9, key: 'z'.repeat(32), addresses: ['192.0.2.9:1'] } as const;

/** A slave that has joined, with a shortcut to slave 9. */
async function linked(options: Partial<SlaveEngineOptions> = {}) {
  const slave = rig(member, options, key, { make: () => Promise.resolve(otherPin) });
  const shortcuts = new ShortcutEngine({
    clock: slave.clock,
    random: seededRandom(1),
    bridge: { talks: new Feed(), lost: new Feed(), open: () => undefined, tell: () => undefined, traffic: () => slave.clock.monotonic() },
    dial: (_, events) => {
      slave.clock.defer(() => events.opened({ port: 100, end: () => undefined }));
      return { [Symbol.dispose]: () => undefined };
    },
    send: () => undefined,
    endCalls: () => undefined,
    addresses: () => [],
  });
  onTestFinished(() => shortcuts[Symbol.dispose]());
  slave.engine.events.subscribe((event) => shortcuts.follow(event));
  slave.engine.signs.subscribe(() => shortcuts.heard());
  const call = (await slave.dialled()).open();
  await call.say(welcome());
  await call.say(neighbour);
  await slave.alive(call, 30);
  expect(shortcuts.peers().map(({ id }) => id)).toEqual([9]);
  /** Lets so many seconds pass, and returns the number of open shortcuts. */
  const after = async (seconds: number, each: () => void = () => undefined): Promise<number> => {
    for (let second = 0; second < seconds; second++) {
      each();
      await slave.pass(1000);
    }
    return shortcuts.peers().length;
  };
  return { slave, call, after };
}

it.each<[string, (call: Call, disk: { fails: boolean }) => Promise<unknown>]>([
  ['it is refused for now', (call) => call.say({ type: 'refusal', reason: 'it is busy', retry: true })],
  [
    'the master demanded a new key, which its disk did not take',
    (call, disk) => {
      disk.fails = true;
      return call.say({ type: 'rekey', token });
    },
  ],
  [
    'the master has a new key',
    async (call) => {
      await call.say({ type: 'next-pin', pin: otherPin });
      await call.say({ type: 'masters', term: 2, masters: [{ pin: otherPin, addresses: ['192.0.2.9:7378'] }] });
    },
  ],
])('a slave that cannot return to its master has no shortcut after 10 s: %s', async (_, say) => {
  const { slave, call, after } = await linked();
  await say(call, slave.disk);
  expect(slave.engine.standing).not.toBe('joined');
  expect(await after(10)).toBe(0);
});

it('a slave that gives a silent master more time gives its shortcuts no more', async () => {
  const { slave, after } = await linked({ liveness: { goneAfter: 60_000 } });
  expect(await after(8)).toBe(1);
  expect(await after(2)).toBe(0);
  expect(slave.engine.standing).toBe('joined');
});

it('signs on the link do not count, since no key is barred there', async () => {
  const { slave, after } = await linked();
  expect(await after(10, () => slave.engine.heard())).toBe(0);
  expect(slave.engine.standing).toBe('joined');
});
