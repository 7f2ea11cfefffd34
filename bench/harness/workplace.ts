import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Running, type RunningOptions } from './running.ts';

/** How many files a process may have open: a thousand ports take more than systems allow by default. */
const openFiles = 16_384;

/** Directories of etherloom, built: the one that is measured, and the one that is its peer in place of the original. */
export interface Checkouts {
  readonly ours: string;
  readonly peer?: string | undefined;
}

/** How a process is started. */
export interface StartOptions extends RunningOptions {
  /** The only processor that it may run on. Default: any. */
  readonly processor?: number | undefined;
}

/** Where one run takes place: a directory, and processes that end with it. */
export class Workplace implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'elb-'));
  readonly checkouts: Checkouts;
  readonly #running: Running[] = [];

  constructor(checkouts: Checkouts) {
    this.checkouts = checkouts;
  }

  /** Returns the path of a file in the directory. */
  path(name: string): string {
    return join(this.directory, name);
  }

  /** Starts a process, with room for many open files. */
  start(command: readonly string[], { processor, ...options }: StartOptions = {}): Running {
    const pinned = processor === undefined ? command : ['taskset', '-c', String(processor), ...command];
    const raised = ['sh', '-c', `ulimit -n ${openFiles} 2>/dev/null || ulimit -n "$(ulimit -H -n)"; exec "$0" "$@"`, ...pinned];
    const running = new Running(raised, command.join(' '), options);
    this.#running.push(running);
    return running;
  }

  /** Ends the processes, the last first, and removes the directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running.reverse()) await running.end();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
