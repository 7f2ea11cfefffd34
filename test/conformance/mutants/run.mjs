/**
 * `npm run mutants`: proves that the suite checks. Each mutant is our switch with one fault, made in a copy of the build; each must be
 * caught, and every check must catch at least one. Arguments choose mutants by name, or, with `--file=BEGINNING`, files of the suite.
 * What was found is kept, file by file, until the build or that file changes: so a run that was broken off goes on.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHash } from 'node:crypto';
import { runSuite, suiteFiles } from '../suite.mjs';
import { applyMutant, mutants } from './mutants.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const suite = join(root, 'test/conformance');
const original = ['/usr/bin/vde_switch', '/usr/sbin/vde_switch', '/usr/local/bin/vde_switch'].find(existsSync);
const memory = join(tmpdir(), `etherloom-mutants-${process.getuid()}`);

/** No fault at all: what it fails is no evidence of anything. */
const sound = { name: 'sound', file: 'clock.js', find: '', replace: '', tests: [''], coarse: true };

/** How many mutants are tried at a time. */
const parallel = 2;

/** How long a mutant has for one file, in seconds: who hangs is caught. */
const limit = 240;

const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const beginnings = process.argv.slice(2).flatMap((argument) => (argument.startsWith('--file=') ? [argument.slice(7)] : []));

const files = suiteFiles().filter((file) => beginnings.length === 0 || beginnings.some((beginning) => file.startsWith(beginning)));
const unknown = chosen.filter((name) => !mutants.some((mutant) => mutant.name === name));
if (unknown.length > 0) throw new Error(`no such mutant: ${unknown.join(', ')}`);
mkdirSync(memory, { recursive: true, mode: 0o700 });

const builtFrom = hashOf(filesIn(join(root, 'build')).filter((path) => path.endsWith('.js')));
const helpers = hashOf(
  readdirSync(suite)
    .filter((name) => /^(?!on-purpose|run|report|suite).*(?<!\.test)\.mjs$/.test(name))
    .map((name) => join(suite, name)),
);

const tried = mutants.filter(({ name }) => chosen.length === 0 || chosen.includes(name));
const waiting = [sound, ...tried];
/** Mutant -> check -> whether it failed. */
const matrix = new Map();
await Promise.all(Array.from({ length: parallel }, tryNext));
report();

async function tryNext() {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const start = Date.now();
    const failed = await tryMutant(mutant);
    matrix.set(mutant.name, failed);
    const count = [...failed.values()].filter(Boolean).length;
    const verdict =
      mutant === sound ? `${count} of ${failed.size} checks fail` : count > 0 ? `caught by ${count} of ${failed.size}` : 'NOT CAUGHT';
    console.log(`${((Date.now() - start) / 1000).toFixed(0).padStart(5)} s  ${mutant.name}: ${verdict}`);
  }
}

/** Runs what may catch it, the likely first, and no more than needed. Check -> whether it failed. */
async function tryMutant(mutant) {
  const failed = new Map();
  const copy = mutant.name === 'sound' ? undefined : copyWith(mutant);
  try {
    for (const step of stepsFor(mutant)) {
      const found = await remembered(mutant, step, copy?.path ?? join(root, 'bin/vde_switch'));
      for (const [name, outcome] of Object.entries(found)) if (outcome !== 'skipped') failed.set(name, outcome === 'failed');
      if (!mutant.coarse && [...failed.values()].includes(true)) break;
    }
  } finally {
    copy?.[Symbol.dispose]();
  }
  return failed;
}

/** Files to be run together, and of which checks: for a fine one those that surely catch it, then their files, then all. */
function stepsFor({ tests, by, coarse }) {
  const likely = files.filter((file) => tests.some((beginning) => file.startsWith(beginning)));
  if (coarse) return [{ files: likely }];
  const steps = [
    { files: likely, oneFailure: true },
    ...files.filter((file) => !likely.includes(file)).map((file) => ({ files: [file], oneFailure: true })),
  ];
  return by === undefined ? steps : [{ files: likely, only: by }, ...steps];
}

/** Check name -> outcome, over files; those that were run before are not run again. */
async function remembered(mutant, { files: some, only, oneFailure = false }, vdeSwitch) {
  const key = `${builtFrom}${helpers}${mutant.file}${mutant.find}${mutant.replace}${only ?? ''}${oneFailure ? 'one' : ''}`;
  const place = (file) => join(memory, `${hashOf([join(suite, file)], key)}.json`);
  const fresh = some.filter((file) => !existsSync(place(file)));
  if (fresh.length > 0) {
    const results = await runSuite(vdeSwitch, { other: original, files: fresh, only, oneFailure, limit });
    for (const file of fresh) {
      const these = [...results].filter(([, result]) => result.file === file).map(([name, { outcome }]) => [name, outcome]);
      const checks = these.filter(([name]) => name !== file);
      // That a file broke off at its first failure is no failure of its own.
      const found = oneFailure && checks.some(([, outcome]) => outcome === 'failed') ? checks : these;
      if (found.length > 0) writeFileSync(place(file), JSON.stringify(Object.fromEntries(found)));
    }
  }
  const known = some.filter((file) => existsSync(place(file))).map((file) => [file, JSON.parse(readFileSync(place(file), 'utf8'))]);
  return Object.assign({}, ...known.map(([, checks]) => checks));
}

/** A copy of what the switch is made of, with the fault in it. */
function copyWith(mutant) {
  const directory = mkdtempSync(join(tmpdir(), 'vm-'));
  for (const part of ['bin', 'build', 'package.json', 'rolldown.config.mjs'])
    cpSync(join(root, part), join(directory, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  applyMutant(join(directory, 'build'), mutant);
  execFileSync(process.execPath, [join(root, 'node_modules/rolldown/bin/cli.mjs'), '-c', 'rolldown.config.mjs'], {
    cwd: directory,
    stdio: 'ignore',
  });
  return { path: join(directory, 'bin/vde_switch'), [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

function report() {
  const uncaught = tried.filter(({ name }) => ![...matrix.get(name).values()].includes(true));
  const unsound = [...matrix.get('sound')].filter(([, failed]) => failed).map(([name]) => name);
  const idle = [...matrix.get('sound').keys()].filter((check) => !tried.some(({ name }) => matrix.get(name).get(check) === true));
  for (const name of unsound) console.log(`fails without any fault: ${name}`);
  for (const { name, breaks } of uncaught) console.log(`not caught: ${name} (${breaks})`);
  const isWhole = chosen.length === 0;
  if (isWhole) for (const name of idle) console.log(`catches no mutant: ${name}`);
  console.log(`mutants caught: ${tried.length - uncaught.length} of ${tried.length}`);
  if (isWhole) console.log(`checks that catch a mutant: ${matrix.get('sound').size - idle.length} of ${matrix.get('sound').size}`);
  if (uncaught.length > 0 || unsound.length > 0 || (isWhole && idle.length > 0)) process.exitCode = 1;
}

function filesIn(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function hashOf(paths, more = '') {
  const hash = createHash('sha256').update(more);
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 24);
}
