import { describe, expect, it } from 'vitest';
import type { Running } from './running.ts';
import { useStage } from './stage.ts';
import { Star } from './star.ts';

const names = ['a', 'b', 'c', 'd', 'e'];

describe('ids by order of joining', { timeout: 120_000 }, () => {
  const stage = useStage([]);

  const idOf = async (slave: Running): Promise<number> => Number((await slave.line(/^id (\d+)$/))[1]);

  it('are 1 to 5 without gaps for five slaves that join at once, and the same after all were killed and started in another order', async () => {
    const star = await Star.prepare(stage);
    // The slaves are there before the master, so that all ask it in the same moment.
    const first = names.map((name) => star.slave(name));
    const master = await star.master();
    const slaves = await Promise.all(first);
    const ids = await Promise.all(slaves.map(idOf));
    expect([...ids].sort()).toEqual([1, 2, 3, 4, 5]);
    await Promise.all([master, ...slaves].map(async (node) => node.end('SIGKILL')));
    const again: [string, Running][] = [];
    for (const name of [...names].reverse()) again.push([name, await star.slave(name)]);
    const second = await star.master();
    for (const [name, slave] of again) {
      await slave.logged({ event: 'joined', id: ids[names.indexOf(name)] });
      expect(await idOf(slave)).toBe(ids[names.indexOf(name)]);
    }
    // Also where a slave has lost what it was told, but not who it is.
    await Promise.all(again.map(async ([, slave]) => slave.end()));
    await second.end();
    await star.master();
    for (const name of ['c', 'e', 'a', 'd', 'b']) {
      await stage.run(['rm', `${star.state(name)}/welcome.json`]);
      expect(await idOf(await star.slave(name))).toBe(ids[names.indexOf(name)]);
    }
    expect(await idOf(await star.slave('f'))).toBe(6);
  });
});
