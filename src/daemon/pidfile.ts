import { EtherloomError } from '../errors.ts';
import { PidFileTaken, writePidFile } from '../system/pid-file.ts';

/** The original's words for failures, which scripts know, and what to do about them. */
const reasons: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['No such file or directory', 'make its directory, or give another file'],
  EACCES: ['Permission denied', 'give a file that this user may write'],
  EROFS: ['Read-only file system', 'give a file on another one'],
  ENOSPC: ['No space left on device', 'make room, or give a file on another one'],
};

/** The switches, ours and the original. */
const programs = ['vde_switch', 'etherloom'];

/**
 * Writes this process's id to a file, which must not be that of a switch that runs, nor hold anything but a number; disposing removes it, if it
 * is still that. Throws EtherloomError('bad-option').
 */
export function openPidfile(file: string): Disposable {
  try {
    return writePidFile(file, { programs });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = 'code' in error ? String(error.code) : '';
    const [words, remedy] = reasons[code] ?? [];
    const text = error instanceof PidFileTaken ? `File exists: ${error.message}` : words ? `${words}: ${file}; ${remedy}` : error.message;
    throw new EtherloomError('bad-option', `Error in pidfile creation: ${text}`, { cause: error });
  }
}
