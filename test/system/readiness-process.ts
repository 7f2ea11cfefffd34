// The program that a test of readiness runs in a process of its own, since it may crash; run by readiness.test.ts with a task and a
// directory.
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

if (work === 'loops') {
  // A loop without a watch must not keep the process from ending.
  for (let i = 0; i < 1000; i++) {
    const loop = openLoop({ frameSize: 100, breath: (work) => work() });
    loop.readiness.watch(near, readable, () => undefined)[Symbol.dispose]();
  }
} else if (work === 'exit') {
  readiness.watch(near, readable, () => undefined);
  readiness.watch(far, { readable: true, writable: true }, () => process.exit(7));
} else {
  readiness.watch(near, { readable: true, writable: true }, () => {
    throw new Error('thrown while told');
  });
}
