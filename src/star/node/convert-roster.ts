import { diskFiles, type DiskFiles } from '../../disk/disk-files.ts';
import { EtherloomError } from '../../errors.ts';
import type { GroupChange } from '../group-change.ts';
import type { GroupStore } from '../group-store.ts';
import { decodeRoster } from '../old-roster.ts';
import type { StateFiles } from '../state-files.ts';

const oldFile = 'roster.json';
const keptFile = 'roster.json.0.2.0';

/**
 * Takes over the slaves of version 0.2.0, which kept its roster in `roster.json`. They become members with plain keys, all in one change of the
 * store. The old file is kept as `roster.json.0.2.0`. `now` is the wall clock, in milliseconds since 1970. Returns the number of slaves taken
 * over; 0 if there is no old file, or if the store has members already. A crash at any point is harmless. Throws EtherloomError: `bad-state` if
 * the old file is damaged, and the errors of the store and of the file system.
 */
export async function convertRoster(store: GroupStore, state: StateFiles, now: number, files: DiskFiles = diskFiles): Promise<number> {
  const text = state.read(oldFile);
  if (text === undefined) return 0;
  const roster = decodeRoster(text);
  if (roster === undefined)
    throw new EtherloomError(
      'bad-state',
      `${state.in(oldFile)}, the roster of an earlier version, is damaged; restore it, or remove it, and slaves get new ids`,
    );
  const known = await store.load();
  const isNew = !known.some(({ type }) => type === 'member');
  const members = isNew ? Array.from(roster, ([key, id]) => memberOf(key, id, now)) : [];
  if (members.length > 0) await store.append(members);
  await files.rename(state.in(oldFile), state.in(keptFile));
  await files.syncDirectory(state.in('.'));
  return members.length;
}

/** Returns the change for a slave that joined before; version 0.2.0 knew neither names nor times. */
function memberOf(key: string, id: number, now: number): GroupChange {
  return { type: 'member', member: { key, plain: true, id, name: `slave-${id}`, since: now, seen: now, linked: true } };
}
