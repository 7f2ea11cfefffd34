import { lstatSync, type BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';

/**
 * Returns a text that identifies the file at a path; a symbolic link itself, not its target. Returns undefined if there is no file, or its
 * status cannot be read. The number of a deleted file can be reused, so compare it only with that of an open file or a bound socket.
 */
export function fileNumber(path: string): string | undefined {
  try {
    return numberOf(lstatSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

/** Resolves to the value of `fileNumber`, without blocking this thread if the file system hangs. */
export async function lookUpFileNumber(path: string): Promise<string | undefined> {
  try {
    return numberOf(await lstat(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

function numberOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
