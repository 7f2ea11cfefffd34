// What a test of readiness runs in a process of its own, for it may end badly; run by readiness.test.ts with what to do and a directory.
import { join } from 'node:path';
import { openLoop } from '../../src/system/loop.ts';
import { bindFile, connectPath, datagramSocket } from '../../src/system/unix-socket.ts';

const [work = '', directory = ''] = process.argv.slice(2);
const near = datagramSocket();
bindFile(near, { path: join(directory, 'near'), mode: 0o600 });
const far = datagramSocket();
connectPath(far, join(directory, 'near'));
const { readiness } = openLoop({ frameSize: 100, breath: (work) => work() });
const readable = { readable: true, writable: false };

if (work === 'exit') {
  readiness.watch(near, readable, () => undefined);
  readiness.watch(far, { readable: true, writable: true }, () => process.exit(7));
} else {
  readiness.watch(near, { readable: true, writable: true }, () => {
    throw new Error('thrown while told');
  });
}
