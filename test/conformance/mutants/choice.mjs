import { parseArgs } from 'node:util';
import { suiteFiles } from '../suite.mjs';
import { mutants } from './mutants.mjs';

/**
 * Reads the arguments of `npm run mutants`. Returns the mutants to try, the files to try them on, and whether the run is thorough: then
 * each check must catch something. Throws an error for the user.
 */
export function choose(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { file: { type: 'string', multiple: true }, sample: { type: 'string' }, seed: { type: 'string' } },
  });
  const unknown = positionals.filter((name) => !mutants.some((mutant) => mutant.name === name));
  if (unknown.length > 0) throw new Error(`no mutant is called ${unknown.join(', ')}: see test/conformance/mutants/`);
  const beginnings = values.file ?? [''];
  const files = suiteFiles().filter((file) => beginnings.some((beginning) => file.startsWith(beginning)));
  if (files.length === 0) throw new Error(`no file of the suite begins with ${beginnings.join(', ')}: see test/conformance/`);
  const concerned = mutants.filter(({ name, tests }) =>
    positionals.length > 0 ? positionals.includes(name) : files.some((file) => tests.some((beginning) => file.startsWith(beginning))),
  );
  if (values.sample === undefined && values.seed === undefined) return { tried: concerned, files, thorough: positionals.length === 0 };
  const seed = numberOf('seed', values.seed ?? String(Math.floor(Math.random() * 1_000_000)));
  const tried = drawn(concerned, numberOf('sample', values.sample ?? '4'), seed);
  console.log(`sample: ${tried.map(({ name }) => name).join(' ')} (again: --sample=${tried.length} --seed=${seed})`);
  return { tried, files, thorough: false };
}

function numberOf(option, text) {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${option} takes a number, not ${text}`);
  return Number(text);
}

/** Draws `count` of the mutants, the same ones for the same seed. */
function drawn(all, count, seed) {
  const rest = [...all];
  const sample = [];
  for (let state = seed; sample.length < count && rest.length > 0;) {
    // The generator of Numerical Recipes; its upper bits are the better ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    sample.push(...rest.splice(Math.floor((state / 2 ** 32) * rest.length), 1));
  }
  return sample;
}
