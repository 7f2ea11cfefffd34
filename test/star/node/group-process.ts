// Opens the group and the small files in the directory given, lets member `n` in, and says so; run by group-kills.test.ts.
import { StateDirectory } from '../../../src/daemon/state-directory.ts';
import { convertRoster } from '../../../src/star/node/convert-roster.ts';
import { GroupJournal } from '../../../src/star/node/group-journal.ts';
import { openIdentity } from '../../../src/star/node/identity-files.ts';
import { lockFile } from '../../../src/system/file-lock.ts';
import { group, joinBy, token } from '../changes.ts';

const [directory = '', n = '1'] = process.argv.slice(2);
await using state = StateDirectory.open(directory);
const { fingerprint } = await openIdentity(state);
process.stdout.write(`${fingerprint}\n`);
await using journal = await GroupJournal.open({ directory, lock: lockFile });
await convertRoster(journal, state, 1_800_000_000_000);
const known = await journal.load();
if (!known.some(({ type }) => type === 'group')) await journal.append([group, token]);
await journal.append(joinBy(Number(n)));
process.stdout.write(`joined ${n}\n`);
