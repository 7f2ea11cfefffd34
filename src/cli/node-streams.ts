import type { Writable } from 'node:stream';

/* For commands that show people a terminal: they use Node's streams, and must not end before those have brought all. */

/** Makes readers that are gone no error: what is said then is said to nobody. */
export function heedNoReaders(output: Writable): void {
  for (const stream of [output, process.stderr]) stream.on('error', () => undefined);
}

/** Resolves when all that was written to standard output and error was taken, or cannot be. */
export async function nodeStreamsFlushed(output: Writable): Promise<void> {
  await Promise.all([taken(output), taken(process.stderr)]);
}

function taken(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    // Called back when it was taken, and when it cannot be.
    else stream.write('', () => resolve());
  });
}
