import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { searchPath } from './running.ts';

/** Those of the programs that are not installed here. */
export function missingPrograms(programs: readonly string[]): string[] {
  return programs.filter((program) => !searchPath.split(':').some((directory) => isExecutable(join(directory, program))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
