import { lstatSync, type BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';

/**
 * Returns the identity of the file with that name: of a link itself, and not of its target. Returns undefined if there is none, or it
 * cannot be read. A number can be reused once the first file is freed: compare only that of an open file, or of a bound socket.
 */
export function fileNumber(path: string): string | undefined {
  try {
    return numberOf(lstatSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

/** Resolves to the same, without blocking this thread if the file system hangs. */
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
