import { outletsFlushed } from '../system/outlet.ts';

/** How long a service waits at its end for whoever does not read what it said, in milliseconds. */
const patience = 500;

/** Ends the process with that exit code, when what it said was taken, or its readers have had a while to take it. */
export async function leave(status: number): Promise<never> {
  await outletsFlushed(patience);
  return process.exit(status);
}
