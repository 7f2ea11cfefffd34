/**
 * Our switch with one fault each: in `file` of the build, `find` is replaced. `tests` are the beginnings of the names of the files that
 * should catch it, `by` matches the names of checks that surely do. The coarse ones are tried on all checks of their files, since each check
 * must catch something; of the others the first catch is enough.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { coarse } from './coarse.mjs';
import { consoles } from './console.mjs';
import { frames } from './frames.mjs';
import { processes } from './process.mjs';
import { sockets } from './sockets.mjs';
import { trees } from './trees.mjs';

/** All of them. */
export const mutants = [
  ...coarse.map((fault) => mutant(fault, true)),
  ...[...sockets, ...frames, ...trees, ...processes, ...consoles].map((fault) => mutant(fault, false)),
];

function mutant([name, file, find, replace, breaks, tests, by], isCoarse) {
  return { name, file, find, replace, breaks, tests, by, coarse: isCoarse };
}

/** Puts the fault into a copy of the build. Throws when it is not to be put there exactly once. */
export function applyMutant(build, { name, file, find, replace }) {
  const path = join(build, file);
  const text = readFileSync(path, 'utf8');
  const count = text.split(find).length - 1;
  if (count !== 1) throw new Error(`mutant ${name}: ${count} places in build/${file} are\n${find}`);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
}

/** Why mutants do not fit the build any more, one line for each. */
export function misfits(build) {
  return mutants.flatMap(({ name, file, find }) => {
    const path = join(build, file);
    if (!existsSync(path)) return [`mutant ${name}: there is no build/${file}`];
    const count = readFileSync(path, 'utf8').split(find).length - 1;
    return count === 1 ? [] : [`mutant ${name}: ${count} places in build/${file}, not one`];
  });
}
