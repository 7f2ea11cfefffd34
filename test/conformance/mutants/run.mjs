/**
 * `npm run mutants`: proves that the suite checks. Each mutant is our switch with one fault, bundled from an edited source; each must be
 * caught, and every check must catch at least one. Arguments choose mutants by name, `--file=BEGINNING` files of the suite and the mutants
 * that are theirs, `--sample=N --seed=S` some mutants by lot. Results are remembered: a run that was broken off goes on.
 */
import { existsSync } from 'node:fs';
import { runSuite, titlesOf } from '../suite.mjs';
import { choose } from './choice.mjs';
import { recall, remember } from './memory.mjs';
import { misfits } from './mutants.mjs';
import { applyEdit, declarationsIn, readSource } from './source.mjs';
import { bundleSwitch, hashOfBundle, installSwitch } from './switch.mjs';

const original = ['/usr/bin/vde_switch', '/usr/sbin/vde_switch', '/usr/local/bin/vde_switch'].find(existsSync);

/** How many mutants are tried at a time. */
const parallel = 2;

/** How long a mutant has for one file, in seconds; one that hangs is caught. */
const limit = 240;

const source = readSource();
const declarations = declarationsIn(source);
const { tried, files, thorough } = chosen();
const unfit = misfits(source, tried);
if (unfit.length > 0) fail(unfit.join('\n'));
/** Mutant -> id of a check -> its file, and whether it failed. */
const matrix = new Map();
/** The switch without a fault: a check that fails on it is no evidence. */
const sound = { name: 'sound' };
const waiting = thorough ? [sound, ...tried] : [...tried];
await Promise.all(Array.from({ length: parallel }, tryNext));
if (!thorough) await tryOne(sound, stepsToConfirm());
report();

function chosen() {
  try {
    return choose(process.argv.slice(2));
  } catch (error) {
    return fail(error.message);
  }
}

function fail(message) {
  console.error(`mutants: ${message}`);
  process.exit(1);
}

async function tryNext() {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift())
    await tryOne(mutant, mutant === sound ? [{ files }] : stepsFor(mutant));
}

/** Runs steps on a mutant, one after the other, until one failure is enough. */
async function tryOne(mutant, steps) {
  const start = Date.now();
  const bundle = await bundleSwitch(mutant === sound ? source : withFault(mutant));
  const copy = installSwitch(bundle);
  const checks = new Map();
  matrix.set(mutant.name, checks);
  try {
    for (const step of steps) {
      for (const [check, result] of await outcomes(copy.path, hashOfBundle(bundle), step)) checks.set(check, result);
      if (step.oneFailure && failuresOf(mutant).length > 0) break;
    }
  } finally {
    copy[Symbol.dispose]();
  }
  console.log(`${((Date.now() - start) / 1000).toFixed(0).padStart(5)} s  ${mutant.name}: ${verdict(mutant)}`);
}

function withFault(mutant) {
  const { file, text } = applyEdit(mutant, declarations);
  return new Map(source).set(file, text);
}

function failuresOf({ name }) {
  return [...matrix.get(name)].filter(([, { failed }]) => failed).map(([check]) => check);
}

function verdict(mutant) {
  const failures = failuresOf(mutant);
  const count = `${failures.length} of ${matrix.get(mutant.name).size} checks`;
  if (mutant === sound) return `fails ${count}`;
  return failures.length === 0 ? 'NOT CAUGHT' : `caught by ${failures.length === 1 ? failures[0] : count}`;
}

/** Files to be run together, and which of their checks: first those that surely catch the mutant, then their files, then all. */
function stepsFor({ tests, by, coarse }) {
  const likely = files.filter((file) => tests.some((beginning) => file.startsWith(beginning)));
  if (coarse && thorough) return [{ files: likely }];
  const others = files.filter((file) => !likely.includes(file));
  const steps = [likely, ...others.map((file) => [file])].map((some) => ({ files: some, oneFailure: true }));
  return by === undefined ? steps : [{ files: likely, only: titlesOf(by), oneFailure: true }, ...steps];
}

/** Returns the checks that caught something, to be run without any fault; a file that did not come to its end, as a whole. */
function stepsToConfirm() {
  const caught = tried.flatMap((mutant) => failuresOf(mutant).map((check) => ({ check, ...matrix.get(mutant.name).get(check) })));
  const checks = caught.filter(({ check, file }) => check !== file);
  const only = titlesOf([...new Set(checks.map(({ check }) => check))]);
  const broken = [...new Set(caught.filter(({ check, file }) => check === file).map(({ file }) => file))];
  const some = [...new Set(checks.map(({ file }) => file))];
  return [...(some.length > 0 ? [{ files: some, only }] : []), ...(broken.length > 0 ? [{ files: broken }] : [])];
}

/** Returns the id of each check -> its file, and whether it failed. Remembered checks are not run again; skipped ones are left out. */
async function outcomes(vdeSwitch, switchHash, { files: some, only, oneFailure = false }) {
  const trial = { switch: switchHash, only, oneFailure };
  const fresh = some.filter((file) => recall(file, trial) === undefined);
  if (fresh.length > 0) {
    const results = await runSuite(vdeSwitch, { other: original, files: fresh, only, oneFailure, limit });
    for (const file of fresh) {
      const these = [...results].filter(([, result]) => result.file === file).map(([id, { outcome }]) => [id, outcome]);
      const checks = these.filter(([id]) => id !== file);
      // A file that broke off at its first failure did not fail by itself.
      const found = oneFailure && checks.some(([, outcome]) => outcome === 'failed') ? checks : these;
      if (found.length > 0) remember(file, trial, Object.fromEntries(found));
    }
  }
  const known = some.flatMap((file) => Object.entries(recall(file, trial) ?? {}).map(([check, outcome]) => ({ check, file, outcome })));
  return known
    .filter(({ outcome }) => outcome !== 'skipped')
    .map(({ check, file, outcome }) => [check, { file, failed: outcome === 'failed' }]);
}

function report() {
  const uncaught = tried.filter((mutant) => failuresOf(mutant).length === 0);
  const unsound = failuresOf(sound);
  const checks = [...matrix.get(sound.name).keys()];
  const idle = thorough ? checks.filter((check) => !tried.some(({ name }) => matrix.get(name).get(check)?.failed)) : [];
  for (const name of unsound) console.log(`fails without any fault: ${name}`);
  for (const { name, breaks } of uncaught) console.log(`not caught: ${name} (${breaks})`);
  for (const name of idle) console.log(`catches no mutant: ${name}`);
  console.log(`mutants caught: ${tried.length - uncaught.length} of ${tried.length}`);
  if (thorough) console.log(`checks that catch a mutant: ${checks.length - idle.length} of ${checks.length}`);
  if (uncaught.length > 0 || unsound.length > 0 || idle.length > 0) process.exitCode = 1;
}
