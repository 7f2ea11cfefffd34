import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readJournal } from '../../../src/disk/journal-format.ts';
import type { GroupChange, MemberRecord } from '../../../src/star/group-change.ts';
import { GroupState } from '../../../src/star/group-state.ts';
import { GroupJournal, groupKind } from '../../../src/star/node/group-journal.ts';
import { lockFile } from '../../../src/system/file-lock.ts';
import { CrashingDisk, crashEverywhere } from '../../disk/crashing-disk.ts';
import { FaultyFiles } from '../../disk/faulty-files.ts';
import { group, joinBy, member, removed, token } from '../changes.ts';

const root = mkdtempSync(join(tmpdir(), 'etherloom-group-'));
afterAll(() => rmSync(root, { recursive: true }));
let directories = 0;
const newDirectory = (): string => join(root, String(directories++));
const unlocked = (): Disposable => ({ [Symbol.dispose]: () => undefined });
const memory = join(root, 'memory');
const path = join(memory, 'group.journal');

async function loaded(journal: GroupJournal): Promise<readonly GroupChange[]> {
  return journal.load();
}

async function keysIn(journal: GroupJournal): Promise<readonly string[]> {
  return new GroupState(await journal.load()).members().map(({ key }: MemberRecord) => key);
}

describe('the journal of a group', () => {
  it('has its state the next time, for its owner alone', async () => {
    const directory = newDirectory();
    const first = await GroupJournal.open({ directory, lock: lockFile });
    expect(await loaded(first)).toEqual([]);
    const later: GroupChange = { type: 'other', value: { type: 'of-a-later-version', x: 1 } };
    await Promise.all([first.append([group, token]), first.append(joinBy(1)), first.append(joinBy(2)), first.append([later])]);
    await first.append([removed(1)]);
    await first[Symbol.asyncDispose]();
    expect(statSync(join(directory, 'group.journal')).mode & 0o777).toBe(0o600);
    await using second = await GroupJournal.open({ directory, lock: lockFile });
    const used = { ...token.token, used: 2, lastUsed: 1_800_000_000_002 };
    expect(await loaded(second)).toEqual([group, { type: 'token', token: used }, { type: 'retired', id: 1 }, member(2), later]);
  });

  it('has one writer', async () => {
    const directory = newDirectory();
    await using _first = await GroupJournal.open({ directory, lock: lockFile });
    await expect(GroupJournal.open({ directory, lock: lockFile })).rejects.toMatchObject({ code: 'busy' });
  });

  it('shares one write among the joins that come while another is written', async () => {
    const files = new FaultyFiles();
    await using journal = await GroupJournal.open({ directory: memory, lock: unlocked, files });
    await journal.append([group, token]);
    files.calls.length = 0;
    await Promise.all(Array.from({ length: 200 }, (_, n) => journal.append(joinBy(n + 1))));
    expect(files.calls.filter((call) => call === 'write').length).toBeLessThanOrEqual(2);
    expect(await keysIn(journal)).toHaveLength(200);
  });

  it('reports damage, and keeps the file as it was', async () => {
    const directory = newDirectory();
    const first = await GroupJournal.open({ directory, lock: lockFile });
    for (const n of [1, 2, 3]) await first.append([member(n)]);
    await first[Symbol.asyncDispose]();
    const file = join(directory, 'group.journal');
    const damaged = readFileSync(file, 'latin1').replace('"id":2', '"id":7');
    writeFileSync(file, damaged, 'latin1');
    const reports: string[] = [];
    await using second = await GroupJournal.open({ directory, lock: lockFile, report: (text) => reports.push(text) });
    expect(await loaded(second)).toEqual([member(1), member(3)]);
    expect(readFileSync(`${file}.damaged`, 'latin1')).toBe(damaged);
    expect(reports).toEqual([expect.stringContaining('1 damaged lines were left out; the file as it was is kept as')]);
  });

  it('refuses a file of another kind', async () => {
    const directory = newDirectory();
    const first = await GroupJournal.open({ directory, lock: lockFile });
    await first[Symbol.asyncDispose]();
    const file = join(directory, 'group.journal');
    writeFileSync(file, '5d3c0f1a {"format":"etherloom leases","version":1}\n');
    await using second = await GroupJournal.open({ directory, lock: lockFile });
    expect(await loaded(second)).toEqual([]);
  });
});

describe('a disk that fails', () => {
  it.each([
    ['write', 'ENOSPC'],
    ['write', 'EIO'],
    ['sync', 'EIO'],
  ] as const)('in %s with %s rejects the change, keeps nothing of it, and the next one can work again', async (call, code) => {
    const files = new FaultyFiles();
    const journal = await GroupJournal.open({ directory: memory, lock: unlocked, files });
    await journal.append([group, token]);
    files.faults.set(call, code);
    await expect(journal.append(joinBy(1))).rejects.toMatchObject({ code: 'system', cause: { code } });
    await expect(journal.append(joinBy(2))).rejects.toMatchObject({ code: 'system', cause: { code } });
    files.faults.clear();
    const stateOf = (bytes: Uint8Array = new Uint8Array(0)): GroupChange[] => [...readJournal(groupKind, bytes).state.records()];
    expect(stateOf(files.contents.get(path))).toEqual([group, token]);
    await journal.append(joinBy(3));
    expect(await keysIn(journal)).toEqual([member(3).member.key]);
    expect(readJournal(groupKind, files.durable.get(path) ?? new Uint8Array(0))).toMatchObject({ damaged: 0, torn: 0 });
    expect(stateOf(files.durable.get(path)).at(-1)).toEqual(member(3));
  });

  it('of which the file was removed rejects one change, and has all the others from then on', async () => {
    const directory = newDirectory();
    const first = await GroupJournal.open({ directory, lock: lockFile });
    await first.append([member(1)]);
    rmSync(directory, { recursive: true });
    await expect(first.append([member(2)])).rejects.toThrow(
      `cannot write ${join(directory, 'group.journal')}: no such file or directory (ENOENT)`,
    );
    await first.append([member(3)]);
    await first[Symbol.asyncDispose]();
    await using second = await GroupJournal.open({ directory, lock: lockFile });
    expect(await loaded(second)).toEqual([member(1), member(3)]);
  });

  it('on which another master has put its journal in that place rejects changes, and leaves that one alone', async () => {
    const directory = newDirectory();
    const first = await GroupJournal.open({ directory, lock: lockFile });
    await first.append([member(1)]);
    rmSync(directory, { recursive: true });
    await (await GroupJournal.open({ directory, lock: lockFile }))[Symbol.asyncDispose]();
    await expect(first.append([member(2)])).rejects.toThrow('ENOENT');
    await expect(first.append([member(2)])).rejects.toThrow('another process has put its journal at');
    await first[Symbol.asyncDispose]();
    await using second = await GroupJournal.open({ directory, lock: lockFile });
    expect(await loaded(second)).toEqual([]);
  });
});

describe('a crash', () => {
  it('at any point leaves each join whole or not at all, and each that was promised', async () => {
    for (const overlap of [false, true]) {
      const promised: number[] = [];
      const points = await crashEverywhere(
        new Map(),
        async (files) => {
          promised.length = 0;
          const journal = await GroupJournal.open({ directory: memory, lock: unlocked, files });
          await journal.append([group, token]);
          const join = (n: number): Promise<void> => journal.append(joinBy(n)).then(() => void promised.push(n));
          const joins = [1, 2, 3];
          if (overlap) await Promise.all(joins.map(join));
          else for (const n of joins) await join(n);
          await journal[Symbol.asyncDispose]();
        },
        async (files, point) => {
          const reports: string[] = [];
          await using journal = await GroupJournal.open({ directory: memory, lock: unlocked, files, report: (text) => reports.push(text) });
          const state = new GroupState(await journal.load());
          const ids = state.members().map(({ id }) => id);
          expect(ids, point).toEqual([1, 2, 3].slice(0, ids.length));
          expect(ids, point).toEqual(expect.arrayContaining(promised));
          // A use of the token that no member has would be lost for others.
          expect(state.token(token.token.id)?.used ?? 0, point).toBe(ids.length);
          expect(
            reports.filter((text) => !text.includes('unfinished line')),
            point,
          ).toEqual([]);
          await journal.append([member(9)]);
        },
      );
      expect(points.filter((point) => point === 'amid write group.journal').length).toBeGreaterThan(overlap ? 4 : 12);
    }
  });

  it('while it is written anew leaves the old file or the new one', { timeout: 60_000 }, async () => {
    const names = new Map<string, Uint8Array>();
    const many = 2000;
    const all = Array.from({ length: many }, (_, n) => member(n + 1));
    {
      const disk = new CrashingDisk();
      const journal = await GroupJournal.open({ directory: memory, lock: unlocked, files: disk });
      for (let round = 0; round < 2; round++) await Promise.all(all.map((one) => journal.append([one])));
      for (const [name, bytes] of disk.left('least')) names.set(name, bytes);
    }
    const points = await crashEverywhere(
      names,
      async (files) => {
        const journal = await GroupJournal.open({ directory: memory, lock: unlocked, files });
        await journal.append(all);
        await journal[Symbol.asyncDispose]();
      },
      async (files, point) => {
        await using journal = await GroupJournal.open({ directory: memory, lock: unlocked, files });
        expect(await loaded(journal), point).toEqual(all);
      },
    );
    expect(points).toContain('after rename group.journal.tmp');
    expect(points.filter((point) => point === 'amid write group.journal.tmp').length).toBeGreaterThan(8);
  });

  it('after any changes leaves the state that they made', async () => {
    const change = fc.oneof(
      fc.integer({ min: 1, max: 6 }).map((n) => joinBy(n)),
      fc.integer({ min: 1, max: 6 }).map((n) => [removed(n)]),
      fc.constant([token]),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 20 }), async (appends) => {
        const files = new FaultyFiles();
        const journal = await GroupJournal.open({ directory: memory, lock: unlocked, files });
        await Promise.all(appends.map((changes) => journal.append(changes)));
        const state = new GroupState(appends.flat());
        expect(await loaded(journal)).toEqual([...state.changes()]);
        const again = await GroupJournal.open({ directory: memory, lock: unlocked, files });
        expect(await loaded(again)).toEqual([...state.changes()]);
      }),
      { numRuns: 50 },
    );
  });
});
