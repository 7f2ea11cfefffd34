import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Writes a number to a file until it is disposed; then the file is removed if that is still what it says. `flag` is that of open: `wx` takes no
 * file that is there. Throws what the system says.
 */
export function writeNumberFile(file: string, number: number, flag: 'w' | 'wx' = 'w'): Disposable {
  // Whoever goes to the background leaves the directory.
  const path = resolve(file);
  const text = `${number}\n`;
  writeFileSync(path, text, { flag, mode: 0o644 });
  return {
    [Symbol.dispose](): void {
      try {
        if (readFileSync(path, 'utf8') === text) rmSync(path);
      } catch {
        // It is gone already.
      }
    },
  };
}
