import { execFile } from 'node:child_process';
import { EtherloomError } from '../../errors.ts';
import { asCalled } from '../../system/caller.ts';

/** The settings of runCommand. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** The working directory of the program. */
  readonly cwd?: string;
  /** Milliseconds after which the program is killed by SIGKILL. Default: no limit. */
  readonly timeout?: number;
}

/** The result of a program that ended by itself. */
export interface CommandResult {
  /** 0 for success. */
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/**
 * Runs a program to its end, without a shell and in the C locale. Throws EtherloomError: `missing-peer` if there is no such program,
 * `timed-out` if it takes too long. Throws the signal's reason when aborted.
 */
export async function runCommand(program: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const { signal, cwd, timeout = 0 } = options;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const settings = {
      cwd,
      timeout,
      signal,
      killSignal: 'SIGKILL' as const,
      encoding: 'buffer' as const,
      maxBuffer: 512 * 1024 * 1024,
      env: { ...process.env, LC_ALL: 'C' },
    };
    execFile(...asCalled(program, args), settings, (error, stdout, stderr) => {
      const result = { stdout, stderr: stderr.toString() };
      if (error === null) resolve({ status: 0, ...result });
      else if (typeof error.code === 'number') resolve({ status: error.code, ...result });
      else if (signal?.aborted === true) reject(signal.reason instanceof Error ? signal.reason : error);
      else if (error.code === 'ENOENT')
        reject(new EtherloomError('missing-peer', `${program} was not found; install it`, { cause: error }));
      else if (error.killed === true) reject(new EtherloomError('timed-out', `${program} took longer than ${timeout / 1000} s; try again`));
      else resolve({ status: 128, ...result });
    });
  });
}
