import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { EtherloomError } from '../../errors.ts';
import { callerVariables } from '../../system/caller.ts';
import { packageFile } from '../../system/own-package.ts';

/** The settings of an etherloom process of the demo. */
export interface DemoChildOptions {
  /** The name of the process in messages to the user. */
  readonly name: string;
  /** The arguments of `etherloom`. */
  readonly args: readonly string[];
  /** Additional environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Called with each line of the process's log. */
  readonly onLog: (line: string) => void;
}

const program = packageFile('bin/etherloom');

/** How long a process may take to end after SIGTERM before it is killed, in milliseconds. An etherloom process needs at most 20 s. */
const endLimit = 22_000;

/** A process of the demo: `etherloom` with a subcommand. */
export class DemoChild {
  readonly name: string;
  /** Resolves when the process has ended, with `status N` or the name of the signal. `status 0` is a clean end. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #said: string[] = [];
  #told: (() => void) | undefined;

  constructor({ name, args, env: own, onLog }: DemoChildOptions) {
    this.name = name;
    // The child must log at this level whatever the user's setting, since the table is made from its log.
    const env = { ...process.env, ...callerVariables(), ...own, ETHERLOOM_LOG: 'info' };
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

  /**
   * Waits until the process prints `ready`, and returns the lines printed until then. Throws EtherloomError('refused') if the process ends.
   */
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

  /** Ends the process, and waits for its end. Resolves with the value of `ended`. */
  async end(): Promise<string> {
    this.#process.kill('SIGTERM');
    const limit = setTimeout(() => this.#process.kill('SIGKILL'), endLimit);
    const how = await this.ended;
    clearTimeout(limit);
    return how;
  }
}
