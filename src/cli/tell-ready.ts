import { closeSync, writeSync } from 'node:fs';
import { closeStandardError } from '../system/daemon.ts';
import { readyVariable } from './background.ts';

/** The one in the background serves: its parent may end. From here on it holds no directory, and its standard error is gone. */
export function tellReady(): void {
  const fd = Number(process.env[readyVariable]);
  Reflect.deleteProperty(process.env, readyVariable);
  process.chdir('/');
  closeStandardError();
  try {
    writeSync(fd, 'ready\n');
  } catch {
    // Nobody waits any more.
  }
  closeSync(fd);
}
