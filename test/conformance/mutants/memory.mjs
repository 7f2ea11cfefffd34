/**
 * Remembers how files of the suite ended on a switch, until the switch or one of these files changes: so a run that was broken off goes on,
 * and after a change only what it concerns is tried again.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const suite = fileURLToPath(new URL('..', import.meta.url));
const directory = join(tmpdir(), `etherloom-mutants-${process.getuid()}`);

/** Returns the outcomes of one file's checks (id -> outcome), or undefined when these are not known. `trial` says what was run, and how. */
export function recall(file, trial) {
  const place = placeOf(file, trial);
  return existsSync(place) ? JSON.parse(readFileSync(place, 'utf8')) : undefined;
}

/** Keeps the outcomes of one file's checks. */
export function remember(file, trial, outcomes) {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(placeOf(file, trial), JSON.stringify(outcomes));
}

function placeOf(file, trial) {
  const hash = createHash('sha256').update(JSON.stringify(trial));
  for (const part of partsOf(file)) hash.update(readFileSync(join(suite, part)));
  return join(directory, `${hash.digest('hex').slice(0, 32)}.json`);
}

/** Returns a file of the suite, and what it imports of it. */
function partsOf(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, part] of readFileSync(join(suite, file), 'utf8').matchAll(/from '\.\/([^']+)'/g)) partsOf(part, found);
  return found;
}
