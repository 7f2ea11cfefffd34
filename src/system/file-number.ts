import { lstatSync, type BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';

/**
 * Returns which file has that name, a link itself and not what it leads to; undefined when there is none, or it cannot be told. The number
 * can be given to another file when nothing holds the first one any more: compare that of a file that is open, or of a bound socket.
 */
export function fileNumber(path: string): string | undefined {
  try {
    return numberOf(lstatSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

/** Resolves to the same, and does not keep this thread where the file system hangs. */
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
