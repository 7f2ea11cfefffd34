import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { nextTurn } from '../../../src/clock.ts';
import { LeaseJournal, leaseKind } from '../../../src/dhcp/disk/lease-journal.ts';
import type { LeaseRecord } from '../../../src/dhcp/lease-record.ts';
import { journalHeader, journalLine, readJournal } from '../../../src/disk/journal-format.ts';
import type { JournalOptions } from '../../../src/disk/journal.ts';
import { EtherloomError } from '../../../src/errors.ts';
import { lockFile } from '../../../src/system/file-lock.ts';
import { concatOctets } from '../../../src/wire/octets.ts';
import { FaultyFiles } from '../../disk/faulty-files.ts';
import { clientMac, ip } from '../segment.ts';

const root = mkdtempSync(join(tmpdir(), 'etherloom-journal-'));
afterAll(() => rmSync(root, { recursive: true }));
const unlocked = { lock: () => ({ [Symbol.dispose]: () => undefined }) };
let directories = 0;
const newDirectory = (): string => join(root, String(directories++));
const record = (n: number, change: Partial<LeaseRecord> = {}): LeaseRecord => ({
  address: ip(`10.77.${n >> 8}.${n & 255}`),
  state: 'bound',
  key: `01${n}`,
  mac: clientMac(n),
  since: 1_767_225_600,
  duration: 3600,
  ...change,
});
const encodedLine = (one: LeaseRecord): Uint8Array => journalLine(leaseKind, [one]);
const append = (journal: LeaseJournal, appended: LeaseRecord): Promise<Error | undefined> =>
  new Promise((resolve) => journal.append(appended, resolve));
const recover = (journal: LeaseJournal): Promise<Error | undefined> => new Promise((resolve) => journal.recover(resolve));

/** Returns a journal on files in memory. Its directory is real, and stays empty. */
async function faulty(
  files = new FaultyFiles(),
  options: Partial<JournalOptions> = {},
): Promise<{ journal: LeaseJournal; files: FaultyFiles; path: string }> {
  const directory = join(root, 'memory');
  const journal = await LeaseJournal.open({ directory, files, ...unlocked, ...options });
  return { journal, files, path: join(directory, 'leases.journal') };
}

describe('on disk', () => {
  test('what was appended is there the next time, the last word on each address', async () => {
    const directory = newDirectory();
    const first = await LeaseJournal.open({ directory, ...unlocked });
    expect(first.records()).toEqual([]);
    await Promise.all(
      [
        record(1),
        record(2, { hostname: 'vm' }),
        record(3),
        record(1, { state: 'released', duration: 0 }),
        record(3, { state: 'forgotten' }),
      ].map((one) => append(first, one)),
    );
    await first[Symbol.asyncDispose]();
    const second = await LeaseJournal.open({ directory, ...unlocked });
    expect(second.records()).toEqual([record(1, { state: 'released', duration: 0 }), record(2, { hostname: 'vm' })]);
    await second[Symbol.asyncDispose]();
  });

  test('it is for its owner only', async () => {
    const directory = newDirectory();
    await using journal = await LeaseJournal.open({ directory, ...unlocked });
    expect(journal.records()).toEqual([]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'leases.journal')).mode & 0o777).toBe(0o600);
  });

  test('a journal that was removed is noticed before the next lease is promised, and written again with all of them', async () => {
    const directory = newDirectory();
    const first = await LeaseJournal.open({ directory, lock: lockFile });
    await append(first, record(1));
    rmSync(directory, { recursive: true });
    expect(await append(first, record(2))).toMatchObject({
      message: `cannot write ${join(directory, 'leases.journal')}: no such file or directory (ENOENT)`,
    });
    expect(await append(first, record(3))).toBeInstanceOf(EtherloomError);
    expect(await recover(first)).toBeUndefined();
    expect(await append(first, record(3))).toBeUndefined();
    await first[Symbol.asyncDispose]();
    await using second = await LeaseJournal.open({ directory, lock: lockFile });
    expect(second.records()).toEqual([record(1), record(3)]);
  });

  test('the journal of another server in the place of one that was removed is left alone, while that runs and afterwards', async () => {
    const directory = newDirectory();
    const first = await LeaseJournal.open({ directory, lock: lockFile });
    await append(first, record(1));
    rmSync(directory, { recursive: true });
    const other = await LeaseJournal.open({ directory, lock: lockFile });
    await append(other, record(2));
    expect(await append(first, record(3))).toBeInstanceOf(EtherloomError);
    expect(await recover(first)).toMatchObject({ cause: { code: 'busy' } });
    await other[Symbol.asyncDispose]();
    expect(await recover(first)).toMatchObject({ message: expect.stringContaining('another process has put its journal at') as string });
    await first[Symbol.asyncDispose]();
    await using last = await LeaseJournal.open({ directory, lock: lockFile });
    expect(last.records()).toEqual([record(2)]);
  });

  test('a second writer is told that it is busy, and the lock is given back at the end', async () => {
    let held = false;
    const lock = (path: string): Disposable => {
      if (held) throw new EtherloomError('busy', `${path} is in use`);
      held = true;
      return { [Symbol.dispose]: () => void (held = false) };
    };
    const directory = newDirectory();
    const first = await LeaseJournal.open({ directory, lock });
    await expect(LeaseJournal.open({ directory, lock })).rejects.toMatchObject({ code: 'busy' });
    await first[Symbol.asyncDispose]();
    expect(held).toBe(false);
    writeFileSync(join(directory, 'leases.journal'), lineOf({ format: 'etherloom leases', version: 2 }));
    await expect(LeaseJournal.open({ directory, lock })).rejects.toMatchObject({ code: 'bad-state' });
    expect(held).toBe(false);
  });

  test('disposed, it keeps what waits, and takes no more', async () => {
    const directory = newDirectory();
    const journal = await LeaseJournal.open({ directory, ...unlocked });
    const kept = Array.from({ length: 100 }, (_, n) => append(journal, record(n)));
    await journal[Symbol.asyncDispose]();
    expect(await Promise.all(kept)).toEqual(kept.map(() => undefined));
    expect(await append(journal, record(200))).toMatchObject({ code: 'bad-state' });
  });

  test('killed at any moment, it has all that was said to be durable', { timeout: 60_000 }, async () => {
    const directory = newDirectory();
    const durable = new Map<number, number>();
    for (let round = 0; round < 5; round++) {
      const loader = new URL('../../typescript.mjs', import.meta.url).href;
      const program = new URL('journal-writer.ts', import.meta.url).pathname;
      const child = spawn(process.execPath, ['--import', loader, program, directory, String(round * 1_000_000)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const wanted = 500 + round * 700;
      let count = 0;
      for await (const line of createInterface(child.stdout)) {
        const n = Number(line);
        durable.set(n % 5000, Math.max(n, durable.get(n % 5000) ?? 0));
        if (++count === wanted) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    const journal = await LeaseJournal.open({ directory, ...unlocked });
    const found = new Map(journal.records().map(({ address, since }) => [address as number, since]));
    await journal[Symbol.asyncDispose]();
    expect(durable.size).toBeGreaterThan(1000);
    for (const [address, since] of durable) expect(found.get(address)).toBeGreaterThanOrEqual(since);
  });
});

describe('room for further lines', () => {
  const sizeOf = (path: string): number => statSync(path).size;

  test('is made ahead, used, and given back at the end', async () => {
    const directory = newDirectory();
    const path = join(directory, 'leases.journal');
    const journal = await LeaseJournal.open({ directory, ...unlocked });
    const before = sizeOf(path);
    for (let n = 0; n < 20; n++) await append(journal, record(n));
    expect(sizeOf(path)).toBe(before);
    for (let n = 0; sizeOf(path) === before; n++) await append(journal, record(n));
    expect(sizeOf(path)).toBe(2 * before);
    await journal[Symbol.asyncDispose]();
    expect(readFileSync(path).includes(0)).toBe(false);
  });

  test('that a journal was left with is used the next time, and is no damage', async () => {
    const first = await faulty();
    await append(first.journal, record(1));
    const reports: string[] = [];
    const second = await faulty(first.files, { report: (message) => reports.push(message) });
    const { length } = first.files.contents.get(second.path) ?? [];
    await append(second.journal, record(2));
    expect(reports).toEqual([]);
    expect(second.journal.records()).toEqual([record(1), record(2)]);
    expect(first.files.contents.get(second.path)?.length).toBe(length);
  });

  test('for which the disk is too small is done without', async () => {
    const { journal, files, path } = await faulty();
    for (let n = 0; n < 3; n++) await append(journal, record(n));
    files.longestFile = readJournal(leaseKind, files.contents.get(path) ?? new Uint8Array(0)).length + encodedLine(record(3)).length;
    expect(await recover(journal)).toBeUndefined();
    expect(await append(journal, record(3))).toBeUndefined();
    expect(await append(journal, record(4))).toMatchObject({ cause: { code: 'ENOSPC' } });
    expect(readJournal(leaseKind, files.durable.get(path) ?? new Uint8Array(0)).state.size).toBe(4);
  });

  test('into which a power cut let some sectors of a write come costs nothing that was said to be durable', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(40), fc.nat(40), fc.infiniteStream(fc.boolean()), async (count, more, isWritten) => {
        const { journal, files, path } = await faulty();
        await Promise.all(Array.from({ length: count + 1 }, (_, n) => append(journal, record(n))));
        const sure = files.durable.get(path)?.slice() ?? new Uint8Array(0);
        await Promise.all(Array.from({ length: more + 1 }, (_, n) => append(journal, record(1000 + n))));
        const meant = files.durable.get(path) ?? new Uint8Array(0);
        for (let at = 0; at < sure.length; at += 512) if (isWritten.next().value === true) sure.set(meant.subarray(at, at + 512), at);
        files.contents.set(path, sure);
        const { journal: next } = await faulty(files);
        expect(next.records().slice(0, count + 1)).toEqual(Array.from({ length: count + 1 }, (_, n) => record(n)));
        expect(await append(next, record(2000))).toBeUndefined();
        expect(readJournal(leaseKind, files.durable.get(path) ?? new Uint8Array(0))).toMatchObject({ damaged: 0, torn: 0 });
      }),
      { numRuns: 50 },
    );
  });
});

test('a write to the real disk returns when the disk has it', async () => {
  const directory = newDirectory();
  await using journal = await LeaseJournal.open({ directory, ...unlocked });
  expect(journal.records()).toEqual([]);
  const path = join(directory, 'leases.journal');
  const fd = readdirSync('/proc/self/fd').find((name) => linkOf(`/proc/self/fd/${name}`) === path) ?? '';
  const [, flags = ''] = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
  expect(parseInt(flags, 8) & constants.O_DSYNC).toBe(constants.O_DSYNC);
});

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // It was closed meanwhile.
    return undefined;
  }
}

describe('damage', () => {
  const whole = concatOctets(journalHeader(leaseKind), ...[1, 2, 3].map((n) => encodedLine(record(n))));

  test('cut anywhere, what was whole is kept, and the rest is cut off and reported', async () => {
    const ends = [...Array.from(whole).keys()].filter((at) => whole[at] === 10).map((at) => at + 1);
    for (let length = 0; length <= whole.length; length++) {
      const { state, torn, isOurs, damaged } = readJournal(leaseKind, whole.subarray(0, length));
      expect(state.size).toBe(Math.max(0, ends.filter((end) => end <= length).length - 1));
      expect([isOurs, damaged, torn]).toEqual([true, 0, length - Math.max(0, ...ends.filter((end) => end <= length))]);
    }
    const { journal, files, path } = await reopened(whole.subarray(0, whole.length - 5));
    expect(journal.records()).toEqual([record(1), record(2)]);
    expect(reports.at(-1)).toContain('cut off');
    await append(journal, record(4));
    expect(readJournal(leaseKind, files.contents.get(path) ?? new Uint8Array(0))).toMatchObject({ torn: 0, damaged: 0 });
    expect(readJournal(leaseKind, files.durable.get(path) ?? new Uint8Array(0)).state.size).toBe(3);
  });

  test('a line in the middle that is damaged costs that line only; the file as it was is kept', async () => {
    const damaged = whole.slice();
    damaged[journalHeader(leaseKind).length + 20] = 0;
    const { journal, files, path } = await reopened(damaged);
    expect(journal.records()).toEqual([record(2), record(3)]);
    expect(reports.at(-1)).toContain('1 damaged line');
    expect(files.contents.get(`${path}.damaged`)).toEqual(damaged);
    expect(readJournal(leaseKind, files.durable.get(path) ?? new Uint8Array(0))).toMatchObject({ damaged: 0, torn: 0 });
  });

  test('a header that is damaged costs nothing', async () => {
    const damaged = whole.slice();
    damaged[3] = 0;
    expect((await reopened(damaged)).journal.records()).toHaveLength(3);
  });

  test('random octets, alone or at the end, keep nobody from starting', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (tail, isWhole) => {
        const { journal } = await reopened(isWhole ? concatOctets(whole, tail) : tail);
        expect(journal.records()).toHaveLength(isWhole ? 3 : 0);
        expect(await append(journal, record(9))).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  test('what is not a journal at all is kept beside', async () => {
    const text = new TextEncoder().encode('my notes\n');
    const { files, path } = await reopened(text);
    expect(files.contents.get(`${path}.damaged`)).toEqual(text);
  });

  const reports: string[] = [];
  async function reopened(bytes: Uint8Array): ReturnType<typeof faulty> {
    const files = new FaultyFiles();
    files.contents.set(join(root, 'memory', 'leases.journal'), bytes.slice());
    return faulty(files, { report: (message) => reports.push(message) });
  }
});

describe('a disk that fails', () => {
  test.each([
    ['write', 'ENOSPC'],
    ['write', 'EIO'],
    ['sync', 'EIO'],
  ] as const)('in %s with %s fails what waits, and everything until recovery', async (call, code) => {
    const { journal, files, path } = await faulty();
    await append(journal, record(1));
    files.faults.set(call, code);
    expect(await append(journal, record(2))).toMatchObject({ cause: { code } });
    files.faults.clear();
    expect(await append(journal, record(3))).toBeInstanceOf(EtherloomError);
    expect(await recover(journal)).toBeUndefined();
    expect(await append(journal, record(4))).toBeUndefined();
    expect(journal.records()).toEqual([record(1), record(4)]);
    const { state, damaged, torn } = readJournal(leaseKind, files.durable.get(path) ?? new Uint8Array(0));
    expect([Array.from(state.records(), ({ address }) => address), damaged, torn]).toEqual([[record(1).address, record(4).address], 0, 0]);
  });

  test('recovery fails as long as the disk does, and what failed to come to the disk is never tried again on the same file', async () => {
    const { journal, files } = await faulty();
    files.faults.set('sync', 'EIO');
    await append(journal, record(1));
    files.calls.length = 0;
    expect(await recover(journal)).toMatchObject({ cause: { code: 'EIO' } });
    expect(files.calls).toEqual(['open', 'write', 'remove']);
    files.faults.clear();
    expect(await recover(journal)).toBeUndefined();
  });

  test.each(['open', 'rename', 'syncDirectory'] as const)('in %s during recovery leaves a journal that can be read', async (call) => {
    const { journal, files, path } = await faulty();
    await append(journal, record(1));
    files.faults.set('write', 'EIO');
    await append(journal, record(2));
    files.faults.clear();
    files.faults.set(call, 'EIO');
    expect(await recover(journal)).toMatchObject({ cause: { code: 'EIO' } });
    expect(readJournal(leaseKind, files.contents.get(path) ?? new Uint8Array(0)).state.get(record(1).address)).toBeDefined();
    files.faults.clear();
    expect(await recover(journal)).toBeUndefined();
    expect(await append(journal, record(3))).toBeUndefined();
  });

  test('a write that takes less than all goes on with the rest', async () => {
    const files = new FaultyFiles();
    files.longestWrite = 7;
    const { journal } = await faulty(files);
    expect(await append(journal, record(1))).toBeUndefined();
    expect(readJournal(leaseKind, files.durable.get(join(root, 'memory', 'leases.journal')) ?? new Uint8Array(0)).state.size).toBe(1);
  });

  test('that can be read but not written gives its leases, and fails', async () => {
    const files = new FaultyFiles();
    files.contents.set(join(root, 'memory', 'leases.journal'), concatOctets(journalHeader(leaseKind), encodedLine(record(1))));
    files.faults.set('open', 'EROFS');
    const { journal } = await faulty(files);
    expect(journal.records()).toEqual([record(1)]);
    expect(await append(journal, record(2))).toBeInstanceOf(Error);
  });

  test('that cannot be read is no reason to give everything away again', async () => {
    const files = new FaultyFiles();
    files.faults.set('read', 'EIO');
    await expect(faulty(files)).rejects.toMatchObject({ code: 'system', errno: 'EIO' });
  });

  test('with a power cut at any moment has all that was said to be durable', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(5), fc.boolean()), { minLength: 1, maxLength: 30 }), async (steps) => {
        const { journal, files, path } = await faulty();
        const said = new Map<number, LeaseRecord>();
        let since = 0;
        for (const [n, fails] of steps) {
          if (fails) files.faults.set('sync', 'EIO');
          const appended = record(n, { since: since++ });
          if ((await append(journal, appended)) === undefined) said.set(appended.address, appended);
          files.faults.clear();
          if (fails) await recover(journal);
          const { state } = readJournal(leaseKind, files.durable.get(path) ?? new Uint8Array(0));
          for (const [address, one] of said) expect(state.get(address as LeaseRecord['address'])).toEqual(one);
        }
      }),
      { numRuns: 50 },
    );
  });
});

test('records that come while others are written share one write, and are told in one batch, in order', async () => {
  const batches: number[] = [];
  const { journal, files } = await faulty(new FaultyFiles(), {
    batch: (work) => {
      batches.push(told.length);
      work();
    },
  });
  const told: number[] = [];
  files.calls.length = 0;
  await Promise.all(Array.from({ length: 100 }, (_, n) => append(journal, record(n)).then(() => told.push(n))));
  expect(files.calls).toEqual(['write', 'write']);
  expect(told).toEqual(Array.from({ length: 100 }, (_, n) => n));
  expect(batches).toHaveLength(2);
});

test('the beginning and the end of each write are told, also when it fails', async () => {
  const said: string[] = [];
  const { journal, files } = await faulty(new FaultyFiles(), {
    writing: () => {
      said.push('begins');
      return { [Symbol.dispose]: () => void said.push('has ended') };
    },
    batch: (work) => {
      said.push('tells');
      work();
    },
  });
  await append(journal, record(1));
  files.faults.set('sync', 'EIO');
  await append(journal, record(2));
  expect(said).toEqual(['begins', 'has ended', 'tells', 'begins', 'has ended', 'tells']);
});

describe('what the disk knows', () => {
  test('is not written again, and is told at once', async () => {
    const { journal, files } = await faulty();
    await append(journal, record(1));
    await nextTurn();
    files.calls.length = 0;
    const told: (Error | undefined)[] = [];
    journal.append(record(1), (error) => told.push(error));
    journal.append(record(2, { state: 'forgotten' }), (error) => told.push(error));
    expect(told).toEqual([undefined, undefined]);
    expect(files.calls).toEqual([]);
  });

  test.each([
    { since: 1_767_225_601 },
    { duration: 3601 },
    { state: 'released' },
    { hostname: 'vm' },
    { key: '02' },
    { mac: clientMac(2) },
  ] as const)('is not %o', async (change) => {
    const { journal, files, path } = await faulty();
    await append(journal, record(1));
    await append(journal, record(1, change));
    expect(Array.from(readJournal(leaseKind, files.durable.get(path) ?? new Uint8Array(0)).state.records())).toEqual([record(1, change)]);
  });

  test('waits for what is on its way, and of a group the last word on an address counts', async () => {
    const { journal, files, path } = await faulty();
    await append(journal, record(1));
    const order: number[] = [];
    const steps = [record(1, { since: 5 }), record(1), record(2), record(1, { since: 6 }), record(1)];
    await Promise.all(steps.map((one, n) => append(journal, one).then(() => order.push(n))));
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(readJournal(leaseKind, files.durable.get(path) ?? new Uint8Array(0)).state.get(record(1).address)).toEqual(record(1));
  });

  test('is not relied on while the disk fails, or when the file is gone', async () => {
    const { journal, files, path } = await faulty();
    await append(journal, record(1));
    files.contents.delete(path);
    expect(await append(journal, record(1))).toMatchObject({ cause: { errno: 'ENOENT' } });
    expect(await append(journal, record(1))).toBeInstanceOf(EtherloomError);
    expect(await recover(journal)).toBeUndefined();
    expect(await append(journal, record(1))).toBeUndefined();
    expect(readJournal(leaseKind, files.durable.get(path) ?? new Uint8Array(0)).state.size).toBe(1);
    await journal[Symbol.asyncDispose]();
    expect(await append(journal, record(1))).toMatchObject({ code: 'bad-state' });
  });
});

test('when most of it is out of date it is written anew, and nothing is lost', async () => {
  const { journal, files, path } = await faulty();
  for (let round = 0; round < 20; round++)
    await Promise.all(Array.from({ length: 600 }, (_, n) => append(journal, record(n, { since: round }))));
  expect(files.calls.filter((call) => call === 'rename').length).toBeGreaterThan(1);
  const bytes = files.contents.get(path) ?? new Uint8Array(0);
  expect(bytes.length).toBeLessThan(1 << 20);
  expect(Array.from(readJournal(leaseKind, bytes).state.records(), ({ since }) => since)).toEqual(Array.from({ length: 600 }, () => 19));
});

test('a rewrite for which there is no room is put off, and appending goes on', async () => {
  const reports: string[] = [];
  const { journal, files } = await faulty(new FaultyFiles(), { report: (message) => reports.push(message) });
  files.faults.set('open', 'ENOSPC');
  for (let round = 0; round < 20; round++) {
    const errors = await Promise.all(Array.from({ length: 600 }, (_, n) => append(journal, record(n, { since: round }))));
    expect(new Set(errors)).toEqual(new Set([undefined]));
  }
  expect(reports[0]).toContain('goes on as it is');
  expect(reports.length).toBeLessThan(5);
});

function lineOf(value: object): Uint8Array {
  const json = JSON.stringify(value);
  return new TextEncoder().encode(`${crc(json)} ${json}\n`);
}

/** CRC-32 bit by bit: the second opinion. */
function crc(text: string): string {
  let value = 0xffff_ffff;
  for (const octet of new TextEncoder().encode(text)) {
    value ^= octet;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1;
  }
  return ((value ^ 0xffff_ffff) >>> 0).toString(16).padStart(8, '0');
}
