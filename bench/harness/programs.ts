import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
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

/** Returns whether a package of Node is installed here, and loads. */
export function canLoad(name: string): boolean {
  try {
    createRequire(import.meta.url)(name);
    return true;
  } catch {
    return false;
  }
}
