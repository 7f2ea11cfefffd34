// A thread of the fuzzer: runs episodes of the targets that it is told, one after the other, and tells how they went.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { FuzzFailure, runEpisode } from './episode.ts';
import { formatInputs } from './kept.ts';
import { targetNamed } from './targets/all.ts';

/** The task of a thread. */
export interface Job {
  readonly target: string;
  readonly from: number;
  readonly inputs: number;
}

/** The result of a task. */
export type JobResult =
  | { readonly failed: false; readonly inputs: number; readonly milliseconds: number; readonly grown: number }
  | { readonly failed: true; readonly seed: number; readonly why: string; readonly inputs: string };

/** The report of a busy thread, in memory that others see: the current seed, and the number of finished episodes. */
export const board = { seed: 0, episodes: 1, size: 2 } as const;

if (!isMainThread) {
  const shared = new Float64Array(workerData as SharedArrayBuffer);
  parentPort?.on('message', (job: Job) => parentPort?.postMessage(run(job, shared)));
}

function run({ target: name, from, inputs }: Job, shared: Float64Array): JobResult {
  const target = targetNamed(name);
  const start = performance.now();
  let done = 0;
  let heap: number | undefined;
  for (let seed = from; done < inputs; seed++) {
    shared[board.seed] = seed;
    try {
      done += runEpisode(target, seed);
    } catch (error) {
      if (!(error instanceof FuzzFailure)) throw error;
      return { failed: true, seed, why: error.message, inputs: formatInputs(error.inputs) };
    }
    shared[board.episodes] = (shared[board.episodes] ?? 0) + 1;
    // By then all code has run, and all one-time memory is allocated.
    if (heap === undefined && done > inputs / 4) heap = collectedHeap();
  }
  return { failed: false, inputs: done, milliseconds: performance.now() - start, grown: collectedHeap() - (heap ?? collectedHeap()) };
}

/** Returns the memory in use after garbage was collected, in octets. */
function collectedHeap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
