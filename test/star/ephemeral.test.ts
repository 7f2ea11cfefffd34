import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { GroupState } from '../../src/star/group-state.ts';
import type { Token } from '../../src/star/token.ts';
import { GroupLab, masterPin, type LabSlave } from './group-lab.ts';

/** Starts a master with a token for ephemeral members, and so many of them from one snapshot. */
async function begin(
  seed: number,
  slaves: number,
): Promise<{ readonly lab: GroupLab; readonly token: Token; readonly add: () => LabSlave }> {
  const lab = new GroupLab(seed);
  void lab.master.start();
  await lab.run(20);
  const made = lab.master.engine?.newToken({ uses: 'any', ephemeral: true, expiresIn: 1e9 });
  await lab.run(20);
  const { token } = (await made) ?? expect.fail('the master runs');
  const add = (): LabSlave => {
    const slave = lab.slave({ pin: masterPin, addresses: ['master:7378'], token }, { snapshot: true });
    slave.start();
    return slave;
  };
  for (let i = 0; i < slaves; i++) add();
  await lab.run(500);
  return { lab, token, add };
}

const idsOf = (lab: GroupLab): readonly number[] => lab.master.engine?.members().map(({ id }) => id) ?? [];
const lastIdOf = (slave: LabSlave | undefined): number | undefined => slave?.ids.at(-1);

describe('ephemeral members', () => {
  it('of one snapshot have two ids, and keep nothing of them', async () => {
    const { lab } = await begin(1, 2);
    expect(lab.slaves.map(({ ids }) => ids)).toEqual([[1], [2]]);
    expect(lab.master.engine?.members().map(({ ephemeral }) => ephemeral)).toEqual([true, true]);
    const [first] = lab.slaves;
    const key = first?.disk.current;
    first?.stop();
    first?.start();
    await lab.run(1000);
    expect(first?.disk.current).not.toBe(key);
    expect(first?.ids).toEqual([1, 3]);
  });

  it('are forgotten a minute after they were last seen: id and name are free then, and not before', async () => {
    const { lab, add } = await begin(2, 2);
    const name = lab.master.engine?.members()[0]?.name;
    lab.slaves[0]?.stop();
    await lab.run(59_500);
    expect(idsOf(lab)).toEqual([1, 2]);
    await lab.run(2000);
    expect(idsOf(lab)).toEqual([2]);
    const next = add();
    await lab.run(500);
    expect(lastIdOf(next)).toBe(1);
    expect(lab.slaves[1]?.ids).toEqual([2]);
    expect(lab.master.engine?.members()[0]?.name).not.toBe(name);
    expect(lab.master.events.map(({ type }) => type)).toContain('forgotten');
  });

  it('stay while one of control and link is there, and while they are away for less than a minute', async () => {
    const { lab } = await begin(3, 1);
    const [slave = expect.fail()] = lab.slaves;
    lab.freeze(slave.process, 50_000);
    await lab.run(60_000);
    expect(slave.ids).toEqual([1, 1]);
    lab.master.engine?.noteLink(slave.disk.current, true);
    lab.freeze(slave.process, 600_000);
    await lab.run(300_000);
    expect(idsOf(lab)).toEqual([1]);
    lab.master.engine?.noteLink(slave.disk.current, false);
    await lab.run(59_000);
    expect(idsOf(lab)).toEqual([1]);
    await lab.run(3000);
    expect(idsOf(lab)).toEqual([]);
  });

  it('join again by their token after they were forgotten, with the same id if it is free', async () => {
    const { lab, add } = await begin(4, 2);
    const [, second = expect.fail()] = lab.slaves;
    for (const others of [0, 1]) {
      lab.freeze(second.process, 100_000);
      await lab.run(80_000);
      expect(idsOf(lab)).toEqual([1]);
      if (others > 0) add();
      await lab.run(30_000);
      expect(second.engine?.standing).toBe('joined');
    }
    expect(second.ids).toEqual([2, 2, 3]);
    expect(lab.slaves.map(lastIdOf)).toEqual([1, 3, 2]);
  });

  it('are not forgotten by a master that was stopped, or is new: their minute begins then', async () => {
    const { lab } = await begin(5, 2);
    lab.freeze(lab.master.process, 300_000);
    await lab.run(302_000);
    expect(idsOf(lab)).toEqual([1, 2]);
    lab.slaves[1]?.stop();
    await lab.run(40_000);
    lab.master.crash();
    await lab.run(50_000);
    expect(idsOf(lab)).toEqual([1, 2]);
    await lab.run(15_000);
    expect(idsOf(lab)).toEqual([1]);
    expect(lab.slaves[0]?.ids.every((id) => id === 1)).toBe(true);
  });

  it('leave nothing behind, whoever crashes when: after two minutes the roster has those that live', { timeout: 120_000 }, async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed, 'ephemeral');
      const { lab } = await begin(seed, 3);
      lab.crashAt(Array.from({ length: 1 + (random.uint32() % 6) }, () => random.uint32() % 300));
      for (const slave of lab.slaves) if ((random.uint32() & 1) === 0) slave.crash();
      await lab.run(140_000);
      const state = new GroupState(lab.master.disk);
      const living = lab.slaves.map(({ disk }) => disk.current);
      expect(
        state
          .members()
          .map(({ key }) => key)
          .sort(),
        `seed ${seed}`,
      ).toEqual([...living].sort());
      expect(new Set(lab.slaves.map(lastIdOf)).size, `seed ${seed}`).toBe(3);
    }
  });
});
