import { describe, expect, it } from 'vitest';
import { ShortcutLab } from './shortcut-lab.ts';
import { faultAfterCut, faultAfterKick, faultAtRandom } from './shortcut-scenarios.ts';

/** The number of random runs, and the seed of the first one. */
const seeds = Number(process.env['SHORTCUT_SEEDS'] ?? 6);
const firstSeed = Number(process.env['SHORTCUT_SEED'] ?? 1);

describe('slaves with shortcuts, in virtual time', () => {
  it('link directly within 2 s of their first talk, and then all steady flows go direct', { timeout: 120_000 }, async () => {
    const lab = new ShortcutLab(1);
    await lab.begin();
    await lab.run(2000);
    expect(lab.opened).toBe(6);
    await lab.run(3000);
    const before = lab.traffic.flows.map(({ direct }) => direct);
    await lab.run(1000);
    expect(lab.traffic.faults).toEqual([]);
    const between = lab.traffic.flows.filter(({ from, to }) => from.at?.node !== to.at?.node);
    for (const { number, direct } of between) expect(direct).toBeGreaterThan(before[number] ?? Infinity);
    expect(lab.group.master.engine?.shortcuts()).toEqual([
      [1, 2],
      [1, 3],
      [1, 4],
      [2, 3],
      [2, 4],
      [3, 4],
    ]);
  });

  it('link directly with one that joins later, too', { timeout: 60_000 }, async () => {
    const lab = new ShortcutLab(1);
    await lab.begin();
    await lab.run(3000);
    lab.join();
    await lab.run(5000);
    const newcomer = lab.sites.at(-1);
    expect(newcomer?.engine.peers().map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    const between = lab.traffic.flows.filter(({ from, to }) => from.at?.node === newcomer?.node && to.at?.node !== newcomer?.node);
    expect(between.map(({ direct }) => direct > 0)).toEqual(between.map(() => true));
    expect(between).not.toEqual([]);
    expect(lab.traffic.faults).toEqual([]);
  });

  it(
    'neither loop nor repeat, reorder or lose frames over joins, cuts, kicks and moves',
    { timeout: 120_000 + seeds * 10_000 },
    async () => {
      expect(await faultAtRandom({}, seeds, firstSeed)).toBeUndefined();
    },
  );

  it('end the shortcuts to a kicked member at once', async () => {
    expect(await faultAfterKick({})).toBeUndefined();
  });

  it.each([false, true])('end them all within 10 s of the last sign of the master, be it lost or silent: %s', async (isSilent) => {
    expect(await faultAfterCut({}, isSilent)).toBeUndefined();
  });

  it('would be found to loop', async () => {
    const lab = new ShortcutLab(1, { plantLoop: true, flows: false });
    await lab.begin();
    await lab.run(3000);
    expect(lab.traffic.faults[0]).toContain('a loop');
  });
});
