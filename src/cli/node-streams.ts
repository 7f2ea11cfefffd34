/* For commands that show people a terminal: they use Node's streams, and must not end before those have brought all. */

/** Makes readers that are gone no error: what is said then is said to nobody. */
export function heedNoReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Resolves when all that was written to standard output and error was taken, or cannot be. */
export async function nodeStreamsFlushed(): Promise<void> {
  await Promise.all([taken(process.stdout), taken(process.stderr)]);
}

function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    // Called back when it was taken, and when it cannot be.
    else stream.write('', () => resolve());
  });
}
