import { outletsFlushed } from '../system/outlet.ts';

/** How long a service waits at its end for the readers of its output, in milliseconds. */
const patience = 500;

/** Ends the process with that exit code, after its output was taken, or after its readers had time to take it. */
export async function leave(status: number): Promise<never> {
  await outletsFlushed(patience);
  return process.exit(status);
}
