import { writeSync } from 'node:fs';

/** Writes to standard error by one system call: Node's own stream would set O_NONBLOCK on a pipe that others share. */
export function complain(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Its reader is gone.
  }
}
