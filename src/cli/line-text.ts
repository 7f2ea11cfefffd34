import { open, rename, rm } from 'node:fs/promises';
import { isatty } from 'node:tty';
import { errnoOf, SystemError } from '../errors.ts';
import { print } from './print.ts';

/** The variable that may hold the line. Arguments of a process are seen by all users of its machine. */
export const lineVariable = 'ETHERLOOM_LINE';

/** Where the first line of a group goes. It is a secret: never to a log, or to a pipe that may lead to one. */
export type LineOutlet = (lines: readonly string[]) => Promise<void>;

/** Returns the outlet that the user has: the file, or the terminal; undefined without both. */
export function lineOutlet(file: string | undefined): LineOutlet | undefined {
  if (file !== undefined) return (lines) => writeLines(file, lines);
  if (!isatty(1)) return undefined;
  return (lines) => {
    print(`On each other host, within 24 hours, run:\n${lines.map((line) => `  etherloom join ${line}\n`).join('    or\n')}`);
    return Promise.resolve();
  };
}

/** Writes lines to a file that only its user reads, even for a moment, in one step. Rejects with SystemError. */
async function writeLines(path: string, lines: readonly string[]): Promise<void> {
  const next = `${path}.next`;
  try {
    await rm(next, { force: true });
    const file = await open(next, 'wx', 0o600);
    try {
      await file.writeFile(lines.map((line) => `${line}\n`).join(''));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw new SystemError(errno, `cannot write the line to join by to ${path}`, 'choose another file with --line-file');
  }
}
