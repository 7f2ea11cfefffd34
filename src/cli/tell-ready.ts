import { closeSync, writeSync } from 'node:fs';
import { closeOnExec, closeStandardError } from '../system/daemon.ts';
import { readyFd } from './background.ts';

// The programs that this process starts before it serves must not have it.
if (readyFd !== undefined) closeOnExec(readyFd);

/** Tells the parent that this process, in the background, serves. From here on it holds no directory, and its standard error is gone. */
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
