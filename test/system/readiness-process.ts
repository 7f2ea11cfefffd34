// What a test of readiness runs in a process of its own, for it may end badly; run by readiness.test.ts with what to do and a directory.
import { join } from 'node:path';
import { loopReadiness } from '../../src/system/readiness.ts';
import { bindFile, connectPath, datagramSocket } from '../../src/system/unix-socket.ts';

const [work = '', directory = ''] = process.argv.slice(2);
const near = datagramSocket();
bindFile(near, { path: join(directory, 'near'), mode: 0o600 });
const far = datagramSocket();
connectPath(far, join(directory, 'near'));
const readable = { readable: true, writable: false };

if (work === 'exit') {
  loopReadiness.watch(near, readable, () => undefined);
  loopReadiness.watch(far, { readable: true, writable: true }, () => process.exit(7));
} else {
  loopReadiness.watch(near, { readable: true, writable: true }, () => {
    throw new Error('thrown while told');
  });
}
