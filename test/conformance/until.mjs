/**
 * Waiting without sleeping: for a condition, within bounds.
 */
import { existsSync, watch } from 'node:fs';

/** How long a switch has for what it does at once, in milliseconds. */
export const patience = Number(process.env.CONFORMANCE_PATIENCE ?? 10_000);

/** As long as a check waits for what the original never does. */
export const soon = patience / 2;

/** Lets so many milliseconds pass, for what shows in time alone: what must stay without effect, and switches that count in seconds. */
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits for what must come, within bounds. Fails after a while: a check that waits for ever would cost its file the other checks. */
export async function within(promise, message, limit = patience * 2) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(message())), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `check` holds, looking whenever something changes in `directory`, and now and then. Fails after a while. */
export async function until(check, directory, message = () => 'it never came about', limit = patience) {
  const deadline = Date.now() + limit;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(message());
    await new Promise((resolve) => {
      const timer = setTimeout(done, 5);
      const watcher = directory !== undefined && existsSync(directory) ? watch(directory, done) : undefined;
      watcher?.on('error', () => undefined);
      function done() {
        clearTimeout(timer);
        watcher?.close();
        resolve();
      }
    });
  }
}
