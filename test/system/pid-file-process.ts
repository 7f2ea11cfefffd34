/** Takes a pid file, or its read lock alone, says so and holds it until it is killed; `once` gives it back at once. */
import { openSync } from 'node:fs';
import { libc } from '../../src/system/libc.ts';
import { writePidFile } from '../../src/system/pid-file.ts';

const [path = '', how = ''] = process.argv.slice(2);
try {
  if (how === 'read lock') libc.fcntlOn(openSync(path, 'r'), 37, Buffer.alloc(32));
  else {
    const file = writePidFile(path, { programs: ['etherloom-test'] });
    if (how === 'once') file[Symbol.dispose]();
  }
  process.stdout.write('written\n');
} catch (error) {
  process.stdout.write(`${String(error)}\n`);
}
if (how !== 'once') setInterval(() => undefined, 60_000);
