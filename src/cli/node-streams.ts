import type { Writable } from 'node:stream';

/* Serves commands with output for a terminal. They use Node's streams, and must not exit before these are flushed. */

/** Ignores readers that are gone. Later output is discarded. */
export function heedNoReaders(output: Writable): void {
  for (const stream of [output, process.stderr]) stream.on('error', () => undefined);
}

/** Resolves when all output to `output` and standard error was taken, or cannot be. */
export async function nodeStreamsFlushed(output: Writable): Promise<void> {
  await Promise.all([taken(output), taken(process.stderr)]);
}

function taken(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    // The callback runs when the data was taken, and also when it cannot be.
    else stream.write('', () => resolve());
  });
}
