import { closeSync, writeSync } from 'node:fs';
import { closeOnExec, closeStandardError } from '../system/daemon.ts';
import { readyFd } from './background.ts';

// Child processes that start before this process serves must not inherit the descriptor.
if (readyFd !== undefined) closeOnExec(readyFd);

/**
 * Reports to the parent that this process, in the background, serves. From here on it holds no directory, and its standard error is closed.
 */
export function tellReady(): void {
  process.chdir('/');
  closeStandardError();
  if (readyFd === undefined) return;
  try {
    writeSync(readyFd, 'ready\n');
  } catch {
    // The parent has ended.
  }
  closeSync(readyFd);
}
