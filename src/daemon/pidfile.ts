import { errnoOf, EtherloomError } from '../errors.ts';
import { PidFileTaken, writePidFile } from '../system/pid-file.ts';

/** The original's words for failures, which scripts know, and the remedies. */
const reasons: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['No such file or directory', 'make its directory, or give another file'],
  EACCES: ['Permission denied', 'give a file that this user may write'],
  EROFS: ['Read-only file system', 'give a file on another one'],
  ENOSPC: ['No space left on device', 'make room, or give a file on another one'],
};

/** The names of switches, ours and the original's. */
const programs = ['vde_switch', 'etherloom'];

/**
 * Writes this process's id to a file, and removes the file when disposed of, if it still holds that id. An existing file may hold only a number,
 * which must not be the id of a running switch. Throws EtherloomError('bad-option').
 */
export function openPidfile(file: string): Disposable {
  try {
    return writePidFile(file, { programs });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const [words, remedy] = reasons[errnoOf(error) ?? ''] ?? [];
    const text = error instanceof PidFileTaken ? `File exists: ${error.message}` : words ? `${words}: ${file}; ${remedy}` : error.message;
    throw new EtherloomError('bad-option', `Error in pidfile creation: ${text}`, { cause: error });
  }
}
