import { fileURLToPath } from 'node:url';

/** The path of a file of this package, whose own one is given. It holds where the source is, and where a command was made of it: two floors below the root. */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
