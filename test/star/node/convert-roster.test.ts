import { describe, expect, it } from 'vitest';
import type { GroupChange } from '../../../src/star/group-change.ts';
import { GroupState } from '../../../src/star/group-state.ts';
import { convertRoster } from '../../../src/star/node/convert-roster.ts';
import { GroupJournal } from '../../../src/star/node/group-journal.ts';
import { CrashingDisk, crashEverywhere } from '../../disk/crashing-disk.ts';
import { group, member } from '../changes.ts';

const now = 1_800_000_000_000;
const directory = '/tmp';
const lock = (): Disposable => ({ [Symbol.dispose]: () => undefined });
const [a, b] = ['a'.repeat(32), 'b'.repeat(32)];
const roster = JSON.stringify({ version: 1, nodes: { [a]: 1, [b]: 5 } }, null, 1) + '\n';
const files = (text: string, name = 'roster.json'): Map<string, Uint8Array> =>
  new Map([[`${directory}/${name}`, new TextEncoder().encode(text)]]);

async function convert(disk: CrashingDisk, before: readonly GroupChange[] = []): Promise<{ taken: number; state: GroupState }> {
  await using journal = await GroupJournal.open({ directory, lock, files: disk });
  if (before.length > 0) await journal.append(before);
  const taken = await convertRoster(journal, disk.stateFiles(directory), now, disk);
  return { taken, state: new GroupState(await journal.load()) };
}

describe('the roster of version 0.2.0', () => {
  it('is taken over once, and kept', async () => {
    const disk = new CrashingDisk(-1, files(roster));
    const { taken, state } = await convert(disk, [group]);
    expect(taken).toBe(2);
    const common = { plain: true, since: now, seen: now, linked: true };
    expect(state.members()).toEqual([
      { key: a, id: 1, name: 'slave-1', ...common },
      { key: b, id: 5, name: 'slave-5', ...common },
    ]);
    const state2 = disk.stateFiles(directory);
    expect([state2.read('roster.json'), state2.read('roster.json.0.2.0')]).toEqual([undefined, roster]);
    expect(await convert(disk)).toMatchObject({ taken: 0 });
  });

  it('is not taken over by a group that has members', async () => {
    const disk = new CrashingDisk(-1, files(roster));
    const { taken, state } = await convert(disk, [member(1)]);
    expect([taken, state.size]).toEqual([0, 1]);
    expect(disk.stateFiles(directory).read('roster.json.0.2.0')).toBe(roster);
  });

  it('is refused if it is damaged, and left in its place', async () => {
    const disk = new CrashingDisk(-1, files('{'));
    await expect(convert(disk)).rejects.toMatchObject({ code: 'bad-state' });
    expect(disk.stateFiles(directory).read('roster.json')).toBe('{');
  });

  it('is taken over whole after a crash at any point', async () => {
    const points = await crashEverywhere(
      files(roster),
      async (disk) => {
        await convert(disk);
      },
      async (disk, point) => {
        const { state } = await convert(disk);
        expect(
          state.members().map(({ key, id }) => [key, id]),
          point,
        ).toEqual([
          [a, 1],
          [b, 5],
        ]);
        expect(disk.stateFiles(directory).read('roster.json.0.2.0'), point).toBe(roster);
      },
    );
    expect(points).toContain('after rename roster.json');
  });
});
