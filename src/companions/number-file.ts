import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Writes a number to a file until it is disposed; then the file is removed if that is still what it says. Throws what the system says. */
export function writeNumberFile(file: string, number: number): Disposable {
  // Whoever goes to the background leaves the directory.
  const path = resolve(file);
  const text = `${number}\n`;
  writeFileSync(path, text, { mode: 0o644 });
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
