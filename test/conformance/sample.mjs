/**
 * A few checks in place of all: drawn by a seed, which is printed, so that the same can be had again.
 */
import { createHash } from 'node:crypto';
import { noCheck, runSuite, titlesOf } from './suite.mjs';

/** Returns the ids of all checks in files of the suite, each with its file. Runs none of them. */
export async function checksIn(files, vdeSwitch) {
  const listed = await runSuite(vdeSwitch, { files, only: noCheck });
  const broken = [...listed].find(([, { outcome }]) => outcome !== 'skipped');
  if (broken) throw new Error(`cannot list the checks: ${broken[1].output}`);
  return new Map([...listed].map(([id, { file }]) => [id, file]));
}

/** Draws `count` checks. Returns the options of `runSuite` that run them: their files, and a pattern for their titles alone. */
export function draw(checks, count, seed) {
  const place = (id) => createHash('sha256').update(`${seed} ${id}`).digest('hex');
  const drawn = [...checks.keys()].sort((a, b) => (place(a) < place(b) ? -1 : 1)).slice(0, count);
  return { files: [...new Set(drawn.map((id) => checks.get(id)))].sort(), only: titlesOf(drawn) };
}
