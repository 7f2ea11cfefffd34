// Writes a state file on a disk that gets full half-way; run by full-disk.test.ts on a small file system of its own, mounted at the
// directory given. Says on one line of JSON what came of it.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../src/errors.ts';
import { StateDirectory } from '../../src/daemon/state-directory.ts';

const [mount = ''] = process.argv.slice(2);
const state = StateDirectory.open(join(mount, 'state'));
await state.write('roster.json', 'old');

/** Leaves one page and no more. */
function fill(): void {
  const fd = openSync(join(mount, 'filler'), 'w');
  const page = Buffer.alloc(4096);
  const spare = openSync(join(mount, 'spare'), 'w');
  writeSync(spare, page);
  try {
    for (;;) writeSync(fd, page);
  } catch {
    rmSync(join(mount, 'spare'));
    closeSync(spare);
    closeSync(fd);
  }
}

async function write(text: string): Promise<string> {
  try {
    await state.write('roster.json', text);
    return 'written';
  } catch (error) {
    return errnoOf(error) ?? String(error);
  }
}

fill();
const long = 'x'.repeat(3 * 4096);
const whenFull = await write(long);
const kept = state.read('roster.json');
rmSync(join(mount, 'filler'));
console.log(JSON.stringify({ whenFull, kept, whenRoom: await write(long), length: state.read('roster.json')?.length }));
