// Holds the lock on the file that it is given, says so, and stays until it is killed; run by file-lock.test.ts.
import { lockFile } from '../../src/system/file-lock.ts';

lockFile(process.argv[2] ?? '');
console.log('held');
setInterval(() => undefined, 60_000);
