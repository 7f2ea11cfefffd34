import { lstatSync } from 'node:fs';

/**
 * Returns which file has that name, a link itself and not what it leads to; undefined when there is none, or it cannot be told. An inode's
 * number that was given up can be given again, and the time of its making not.
 */
export function fileNumber(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs } = lstatSync(path, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch {
    return undefined;
  }
}
