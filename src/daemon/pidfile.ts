import { EtherloomError } from '../errors.ts';
import { writeNumberFile } from '../system/number-file.ts';

/** What is said of failures, by their codes. */
const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'File exists',
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
};

/** Writes this process's id to a file that must not be there yet; disposing removes it, if it is still that. Throws EtherloomError('bad-option'). */
export function openPidfile(file: string): Disposable {
  try {
    return writeNumberFile(file, process.pid, 'wx');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = 'code' in error ? String(error.code) : '';
    throw new EtherloomError('bad-option', `Error in pidfile creation: ${reasons[code] ?? error.message}`, { cause: error });
  }
}
