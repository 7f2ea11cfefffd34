/** Joins to a large group, and the turns of the loop meanwhile, in which frames wait. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { diskFiles } from '../../src/disk/disk-files.ts';
import { replaceFile } from '../../src/disk/replace-file.ts';
import { encodeBase32 } from '../../src/star/base32.ts';
import type { GroupChange } from '../../src/star/group-change.ts';
import { GroupJournal } from '../../src/star/node/group-journal.ts';
import { residentMemory, threadTime } from '../load/processor-time.ts';
import type { RosterResult, RosterSpec } from './spec.ts';

/** Keeps joins. Resolves when they are on the disk. */
type Keep = (members: readonly number[]) => Promise<unknown>;

const spec = JSON.parse(process.argv[2] ?? '') as RosterSpec;
const begun = 1_800_000_000_000;
const token = 'aaaaaaaa';
/** The most ids. Joins begin again with the first one after the members. */
const mostIds = 65_535;

let longestTurn = 0;
let [joins, joined] = [0, 0];
const times: number[] = [];
const keep = spec.way === 'journal' ? await openJournal() : openWhole();

watchTurns();
await joinFor(spec.warmup, () => true);
[longestTurn, joins, times.length] = [0, 0, 0];
const fileBefore = fileOf();
const start = performance.now();
await joinFor(spec.seconds, () => !spec.rewrite || fileOf() !== fileBefore);
const result: RosterResult = {
  joins,
  seconds: (performance.now() - start) / 1000,
  longestTurn,
  keptP50: times.sort((a, b) => a - b)[times.length >> 1] ?? 0,
  memory: residentMemory(process.pid),
};
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

/** Lets members join for so many seconds, and until `isEnough`. */
async function joinFor(seconds: number, isEnough: () => boolean): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end || !isEnough()) {
    const members = Array.from({ length: spec.joins }, () => spec.members + 1 + (joined++ % (mostIds - spec.members)));
    const before = performance.now();
    await keep(members);
    times.push(performance.now() - before);
    joins += members.length;
    // The longest turn may be the one that ends now.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Measures each turn of the loop by the processor time of this thread: a busy machine adds nothing to it. */
function watchTurns(): void {
  let before = threadTime();
  const turn = (): void => {
    const now = threadTime();
    longestTurn = Math.max(longestTurn, (now - before) / 1e6);
    before = now;
    setImmediate(turn);
  };
  turn();
}

async function openJournal(): Promise<Keep> {
  const journal = await GroupJournal.open({ directory: spec.directory, lock: () => ({ [Symbol.dispose]: () => undefined }) });
  const made = { id: token, hash: 'h'.repeat(52), made: begun, expires: begun + 86_400_000, used: 0 };
  await journal.append([{ type: 'group', id: 'group', since: begun }, { type: 'token', token: made }, ...everyone().map(memberOf)]);
  const used: GroupChange = { type: 'used', token, by: 1, at: begun };
  return (members) => Promise.all(members.map((id) => journal.append([memberOf(id), used])));
}

/** The roster of version 0.2.0: a new one for each join, written as a whole. */
function openWhole(): Keep {
  let roster: ReadonlyMap<string, number> = new Map(everyone().map((id) => [keyOf(id), id]));
  let written: Promise<unknown> = Promise.resolve();
  const add = (id: number): Promise<unknown> => {
    const kept = written.then(() => {
      roster = new Map([...roster].filter(([key]) => key !== keyOf(id))).set(keyOf(id), id);
      const text = JSON.stringify({ version: 1, nodes: Object.fromEntries(roster) }, null, 1);
      return replaceFile(diskFiles, join(spec.directory, 'roster.json'), text);
    });
    written = kept;
    return kept;
  };
  return (members) => Promise.all(members.map(add));
}

function everyone(): number[] {
  return Array.from({ length: spec.members }, (_, n) => n + 1);
}

function memberOf(id: number): GroupChange {
  const host = `host-${id}`;
  return {
    type: 'member',
    member: { key: keyOf(id), id, name: host, host: `${host}.example`, since: begun, seen: begun, token, linked: true },
  };
}

function keyOf(id: number): string {
  const octets = new Uint8Array(20);
  new DataView(octets.buffer).setUint32(0, id);
  return encodeBase32(octets);
}

/** Returns the identity of the journal's file, which changes when it is written anew. */
function fileOf(): number {
  return statSync(join(spec.directory, 'group.journal'), { throwIfNoEntry: false })?.ino ?? 0;
}
