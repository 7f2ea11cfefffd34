import { describe, expect, it, onTestFinished } from 'vitest';
import { vdeFraming } from '../../../src/ports/pure/frame-stream.ts';
import { StreamDialer } from '../../../src/ports/stream/stream-dialer.ts';
import type { DialTarget } from '../../../src/star/channel.ts';
import { MemoryFiles } from '../../../src/star/memory-files.ts';
import { identityFile, nextIdentityFile, readIdentity } from '../../../src/star/node/identity-files.ts';
import { KeyFiles } from '../../../src/star/node/key-files.ts';
import { linkToMaster } from '../../../src/star/node/star-dial.ts';
import { collect, frameOf, Rig, sameFrames, using } from '../../ports/rig.ts';
import { DoorStage } from './door-stage.ts';

async function open(state: MemoryFiles, { environment }: Rig): Promise<KeyFiles> {
  const keys = await KeyFiles.open(state, environment);
  onTestFinished(() => keys[Symbol.dispose]());
  return keys;
}

describe('the keys of a node', () => {
  it('change at a door without an end of its living links: each new handshake is by the new key', async () => {
    const known: { keys?: KeyFiles } = {};
    const keysOf = (): KeyFiles => known.keys ?? expect.fail('the door has keys');
    const stage = await DoorStage.open({ security: { accept: (fd) => keysOf().securityOf('current').accept(fd) } });
    const keys = (known.keys = await open(new MemoryFiles(), stage.rig));
    const old = keys.current;
    const next = await keys.make();
    const proven: (string | undefined)[] = [];
    const link = async (id: number, pins: Pick<DialTarget, 'pin' | 'nextPin'>): Promise<StreamDialer> => {
      const { means } = await stage.member(id);
      const targets = (): readonly DialTarget[] => [{ address: stage.place, identity: 'current', ...pins }];
      const far = linkToMaster({ name: 'the master', targets, proven: (pin) => proven.push(pin) > 0 }, means);
      return using(new StreamDialer(far, { module: 'tls', framing: vdeFraming, awaitsGreeting: true }, stage.rig.environment));
    };
    const first = await link(1, { pin: old, nextPin: next });
    const [living, there] = [collect(await stage.ports.next()), collect(first.port)];
    await Promise.all([living.carrierIs(true), there.carrierIs(true)]);
    await keys.promote();
    expect([keys.current, keys.next]).toEqual([next, undefined]);
    await link(2, { pin: old, nextPin: next });
    await collect(await stage.ports.next()).carrierIs(true);
    await link(3, { pin: next });
    await collect(await stage.ports.next()).carrierIs(true);
    expect(proven).toEqual([old, next, next]);
    const frames = [frameOf(60), frameOf(1514)];
    stage.rig.send(first.port, ...frames);
    await living.count(2);
    expect(sameFrames(living.frames, frames)).toBe(true);
    expect(living.reason).toBeUndefined();
  });

  it('are right after a crash at each step of a change', async () => {
    const rig = new Rig();
    const state = new MemoryFiles();
    const old = (await open(state, rig)).current;
    const next = await (await open(state, rig)).make();
    const again = await open(state, rig);
    expect([again.current, again.next, await again.make()]).toEqual([old, next, next]);
    // Between the write of the key and the removal of the other file.
    await state.write(identityFile, state.read(nextIdentityFile) ?? '');
    const late = await open(state, rig);
    expect([late.current, late.next]).toEqual([next, undefined]);
    expect(await late.make()).not.toBe(next);
    await late.promote();
    expect(readIdentity(state)?.fingerprint).toBe(late.current);
    expect(state.read(nextIdentityFile)).toBeUndefined();
  });
});
