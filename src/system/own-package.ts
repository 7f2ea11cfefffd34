import { fileURLToPath } from 'node:url';

/**
 * Returns the path of a file of this package, given by its path within it. It is the same for the source and for a built command: both are
 * two levels below the root.
 */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
