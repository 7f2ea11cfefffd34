/**
 * A few checks in place of all: drawn by a seed, which is printed, so that the same can be had again.
 */
import { createHash } from 'node:crypto';
import { runSuite } from './suite.mjs';

/** No check has a name that this matches: each is told, and skipped. */
const none = '$^';

/** Returns the names of all checks in files of the suite, as `check -> file`. */
export async function checksIn(files, vdeSwitch) {
  const told = await runSuite(vdeSwitch, { files, only: none });
  const broken = [...told].find(([, { outcome }]) => outcome !== 'skipped');
  if (broken) throw new Error(`cannot list the checks: ${broken[1].output}`);
  return new Map([...told].map(([name, { file }]) => [name, file]));
}

/** Draws `count` checks. Returns what to give to `runSuite`: their files, and a pattern that matches their names alone. */
export function draw(checks, count, seed) {
  const place = (name) => createHash('sha256').update(`${seed} ${name}`).digest('hex');
  const drawn = [...checks.keys()].sort((a, b) => (place(a) < place(b) ? -1 : 1)).slice(0, count);
  return { files: [...new Set(drawn.map((name) => checks.get(name)))].sort(), only: `^(?:${drawn.map(patternOf).join('|')})$` };
}

/** Returns a pattern for the name of a check, which TAP writes with a backslash before some characters. */
function patternOf(name) {
  return name.replace(/\\([#\\])/g, '$1').replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
