// Whoever reads along may go at any time: what is said then is said to nobody.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

/** How long a service waits at its end for whoever does not read what it said, in milliseconds. */
const patience = 2_000;

/** Ends the process with that exit code, when all that was said is taken, or nobody is there to take it. */
export async function leave(status: number): Promise<never> {
  await Promise.all([taken(process.stdout), taken(process.stderr)]);
  return process.exit(status);
}

/** The same for a service, which was told to end: it does not wait long. */
export function leaveSoon(status: number): Promise<never> {
  setTimeout(() => process.exit(status), patience).unref();
  return leave(status);
}

function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    // Called back when it was taken, and when it cannot be.
    else stream.write('', () => resolve());
  });
}
