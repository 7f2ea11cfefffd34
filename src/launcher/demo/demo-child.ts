import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { EtherloomError } from '../../errors.ts';
import { callerVariables } from '../../system/caller.ts';
import { packageFile } from '../../system/own-package.ts';

/** How an etherloom process of the demo is started. */
export interface DemoChildOptions {
  /** What people call it. */
  readonly name: string;
  /** The arguments of `etherloom`. */
  readonly args: readonly string[];
  /** Called for each line of its log. */
  readonly onLog: (line: string) => void;
}

const program = packageFile('bin/etherloom');

/** An etherloom process needs at most 20 s to end; one that takes longer is stuck. */
const endLimit = 22_000;

/** A process of the demo: `etherloom` with a subcommand. */
export class DemoChild {
  readonly name: string;
  /** How it ended: `status 1`, `SIGKILL`; `status 0` is a clean end. Settles when that is so. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #said: string[] = [];
  #told: (() => void) | undefined;

  constructor({ name, args, onLog }: DemoChildOptions) {
    this.name = name;
    // Its log must be told whatever the user wants of other logs: the table lives on it.
    const env = { ...process.env, ...callerVariables(), ETHERLOOM_LOG: 'info' };
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.#process = child;
    createInterface(child.stdout).on('line', (line) => {
      this.#said.push(line);
      this.#told?.();
    });
    createInterface(child.stderr).on('line', onLog);
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (status, signal) => resolve(signal ?? `status ${status ?? 0}`));
    });
  }

  /** Waits until it says that it is ready, and returns the lines that it said until then. Throws EtherloomError('refused') when it ends. */
  async ready(signal: AbortSignal): Promise<readonly string[]> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (this.#said.includes('ready')) resolve();
      };
      this.#told = look;
      look();
      void this.ended.then((how) =>
        reject(new EtherloomError('refused', `${this.name} ended before it was ready (${how}); read its lines above`)),
      );
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      if (signal.aborted) reject(signal.reason as Error);
    });
    return this.#said;
  }

  /** Ends it, and waits until it is gone. How it ended, as in `ended`. */
  async end(): Promise<string> {
    this.#process.kill('SIGTERM');
    const limit = setTimeout(() => this.#process.kill('SIGKILL'), endLimit);
    const how = await this.ended;
    clearTimeout(limit);
    return how;
  }
}
