/**
 * The mutants: our switch with one fault each. A mutant is an edit of the source (see source.mjs): in the declaration `at`, `code` is
 * replaced by `fault`. `breaks` describes the broken behaviour, `tests` are the beginnings of the names of the files that should catch it,
 * and `by` are the ids of checks that surely do (one without its brackets: those with any parameter). A whole run tries the coarse ones on
 * all checks of their files, since each check must catch something; for the others the first catch is enough.
 */
import { coarse } from './coarse.mjs';
import { consoles } from './console.mjs';
import { frames } from './frames.mjs';
import { processes } from './process.mjs';
import { sockets } from './sockets.mjs';
import { applyEdit, declarationsIn, misfit } from './source.mjs';
import { transpile } from './transpile.mjs';
import { trees } from './trees.mjs';

/** All of them. */
export const mutants = [
  ...coarse.map((fault) => ({ ...fault, coarse: true })),
  ...[...sockets, ...frames, ...trees, ...processes, ...consoles].map((fault) => ({ ...fault, coarse: false })),
];

/** Tells of each mutant that does not fit the source, or does not compile, why that is and what to do. */
export function misfits(source, some = mutants) {
  const declarations = declarationsIn(source);
  return some.flatMap((mutant) => misfit(mutant, declarations) ?? broken(mutant, applyEdit(mutant, declarations), source));
}

function broken({ name, fault }, { file, text }, source) {
  const where = `mutant ${name}: with its fault in ${file}`;
  const { code, mistakes } = transpile(file, text);
  if (mistakes.length > 0) return [`${where}, this is no TypeScript: ${mistakes.join(', ')}\n    ${fault}`];
  return code === transpile(file, source.get(file)).code ? [`${where}, the program is the same`] : [];
}
