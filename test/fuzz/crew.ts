import { Worker } from 'node:worker_threads';
import { board, type Job, type JobResult } from './worker.ts';

/** The most processors used: others need some, too. */
const mostThreads = 2;

/** A thread that does no episode for so long hangs, in milliseconds. */
const patience = 60_000;

/** The most memory of a thread, in MiB: an input that grows beyond it fails. */
const mostHeap = 512;

/** How a job went: what the thread says of it, or that it said nothing any more. */
export type Report = { readonly job: Job } & (
  JobResult | { readonly failed: true; readonly seed: number; readonly why: string; readonly inputs: '' }
);

/** Does all jobs, two at a time, and tells of each when it is done. Returns whether none failed. */
export async function runJobs(jobs: readonly Job[], tell: (report: Report) => void): Promise<boolean> {
  const left = [...jobs];
  let good = true;
  const serve = async (): Promise<void> => {
    let thread: FuzzThread | undefined;
    for (let job = left.shift(); job; job = left.shift()) {
      thread ??= new FuzzThread();
      const report = await thread.run(job);
      tell(report);
      if (!report.failed) continue;
      good = false;
      // Its remains are unknown, and it may still run.
      await thread.end();
      thread = undefined;
    }
    await thread?.end();
  };
  await Promise.all(Array.from({ length: mostThreads }, serve));
  return good;
}

class FuzzThread {
  readonly #board = new SharedArrayBuffer(board.size * Float64Array.BYTES_PER_ELEMENT);
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: this.#board,
    resourceLimits: { maxOldGenerationSizeMb: mostHeap },
    // Sockets are not opened by Node, which would warn when it closes one.
    trackUnmanagedFds: false,
  });

  run(job: Job): Promise<Report> {
    const shared = new Float64Array(this.#board);
    return new Promise<Report>((resolve) => {
      const fail = (why: unknown): void =>
        end({ failed: true, seed: shared[board.seed] ?? 0, why: why instanceof Error ? why.message : String(why), inputs: '' });
      const end = (result: JobResult): void => {
        clearInterval(watch);
        this.#worker.off('message', end);
        this.#worker.off('error', fail);
        resolve({ job, ...result });
      };
      let seen = -1;
      const watch = setInterval(() => {
        const done = shared[board.episodes] ?? 0;
        if (done === seen) fail(`it does not end: nothing in ${patience / 1000} s`);
        seen = done;
      }, patience);
      this.#worker.on('message', end);
      this.#worker.on('error', fail);
      this.#worker.postMessage(job);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
