import { rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { EtherloomError } from '../errors.ts';

/** What is said of failures, by their codes. */
const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'File exists',
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
};

/** Writes this process's id to a file that must not be there yet; disposing removes it. Throws EtherloomError('bad-option'). */
export function openPidfile(file: string): Disposable {
  // A daemon leaves the directory that it was started in.
  const path = resolve(file);
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = 'code' in error ? String(error.code) : '';
    throw new EtherloomError('bad-option', `Error in pidfile creation: ${reasons[code] ?? error.message}`, { cause: error });
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}
