import { expect, it, onTestFinished } from 'vitest';
import { realClock, type Clock } from '../../src/clock.ts';
import { DataPlane } from '../../src/daemon/data-plane.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { greetingTime, ShortcutSockets } from '../../src/launcher/shortcut-sockets.ts';
import { quietLog } from '../../src/log.ts';
import type { ByteChannel } from '../../src/ports/stream/byte-channel.ts';
import { newIdentity } from '../../src/star/node/identity-files.ts';
import { dialMember } from '../../src/star/node/shortcut-dial.ts';
import { ShortcutDoor } from '../../src/star/node/shortcut-door.ts';
import { TlsSecurity } from '../../src/star/node/tls-security.ts';
import { shortcutAlpn } from '../../src/star/shortcut-context.ts';
import type { ShortcutEngine } from '../../src/star/shortcut-engine.ts';
import { strangersPolicy } from '../../src/switch/switch.ts';
import { eventually } from '../eventually.ts';
import { Rig } from '../ports/rig.ts';

/** The sockets of a slave, and another member of the group that proves its key and never greets. */
async function scene() {
  const due: (() => void)[] = [];
  const clock: Clock = {
    ...realClock,
    after: (delay, run) => {
      const timer = realClock.after(delay, run);
      if (delay === greetingTime) due.push(run);
      return timer;
    },
  };
  const rig = new Rig();
  const plane = new DataPlane({ clock, random: seededRandom(1), log: quietLog });
  const [own, other] = [await newIdentity(), await newIdentity()];
  const security = new TlsSecurity(own, plane.environment, [shortcutAlpn]);
  const otherSecurity = new TlsSecurity(other, rig.environment, [shortcutAlpn]);
  const engine: Pick<ShortcutEngine, 'admit' | 'hosts'> = { admit: () => ({ admit: true, id: 2 }), hosts: new Set(['127.0.0.1']) };
  const sockets = new ShortcutSockets({
    keys: { shortcutSecurity: security },
    plane,
    engine: () => engine as ShortcutEngine,
    policyOf: () => strangersPolicy,
  });
  await sockets.listen(0);
  const channels: ByteChannel[] = [];
  const door = await ShortcutDoor.open(
    {
      listen: { host: '127.0.0.1', port: 0 },
      security: otherSecurity,
      admit: () => ({ admit: true, id: 1 }),
      take: (channel) => channels.push(channel),
      hosts: () => new Set(['127.0.0.1']),
    },
    rig.environment,
  );
  onTestFinished(async () => {
    door[Symbol.dispose]();
    for (const channel of channels) channel[Symbol.dispose]();
    sockets[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
    for (const one of [security, otherSecurity]) one[Symbol.dispose]();
  });
  /** Lets the other member call, without a greeting. */
  const call = async (): Promise<void> => {
    const port = sockets.addresses()[0]?.split(':').at(-1) ?? '';
    const target = { id: 1, key: own.fingerprint, addresses: [`127.0.0.1:${port}`] };
    const means = { security: otherSecurity, environment: rig.environment, onLoopback: true };
    channels.push((await dialMember(target, means, new AbortController().signal)).channel);
  };
  return { sockets, door, key: other.fingerprint, call, due };
}

it('a member that is dialled and never greets loses its connection after a while', async () => {
  const { sockets, door, key, due } = await scene();
  const told: string[] = [];
  const address = `127.0.0.1:${door.port}`;
  // As on a host that has nothing but loopback.
  sockets.addresses = () => ['127.0.0.1:1'];
  sockets.dial({ id: 2, key, addresses: [address] }, { opened: () => told.push('open'), closed: (reason) => told.push(reason) });
  await eventually(() => expect(sockets.list().length).toBe(1));
  due.at(-1)?.();
  expect([told, sockets.list()]).toEqual([['it did not greet within 5 s'], []]);
});

it('calls without a greeting end after a while, or with the key', async () => {
  const { sockets, key, call, due } = await scene();
  await call();
  await eventually(() => expect(sockets.list().length).toBe(1));
  due.at(-1)?.();
  expect(sockets.list()).toEqual([]);
  for (let i = 0; i < 4; i++) await call();
  await eventually(() => expect(sockets.list().length).toBe(4));
  sockets.endCalls(key);
  expect(sockets.list()).toEqual([]);
  await call();
  await eventually(() => expect(sockets.list().length).toBe(1));
});
