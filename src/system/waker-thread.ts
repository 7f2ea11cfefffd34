/** The thread of `openWorkerWaker`. Until it is stopped, it posts the mark of each loop whose epoll instance is ready. */
import { parentPort, workerData } from 'node:worker_threads';
import { Epoll } from './epoll.ts';
import type { WakerThreadData } from './worker-waker.ts';

const data = workerData as WakerThreadData;
const gate = new Epoll(data.gate);

for (let open = true; open;) {
  const count = gate.wait(-1);
  for (let i = 0; i < count; i++) {
    if (gate.fdAt(i) === data.stop) open = false;
    else parentPort?.postMessage(gate.markAt(i));
  }
}
