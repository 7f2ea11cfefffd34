/**
 * `npm run conformance`: runs the black-box suite against the original, where it is installed, and against ours, and prints both reports
 * side by side. A difference is a mistake unless it is registered in on-purpose.mjs with a row of docs/compatibility.md. Arguments choose
 * files by the beginning of their names; `--sample=20` draws so many checks of them, the same ones by the same `--seed=N`. VERBOSE=1 tells
 * the time of each file; CONFORMANCE_PATIENCE is how long a switch has for what it does at once, in milliseconds: 10,000.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onPurpose } from './on-purpose.mjs';
import { compare, printReport, tableRows } from './report.mjs';
import { checksIn, draw } from './sample.mjs';
import { runSuite, suiteFiles } from './suite.mjs';
import { forbiddenSkips } from '../skips.mjs';

const original = ['/usr/bin/vde_switch', '/usr/sbin/vde_switch', '/usr/local/bin/vde_switch'].find(existsSync);
const own = fileURLToPath(new URL('../../bin/vde_switch', import.meta.url));
const table = new URL('../../docs/compatibility.md', import.meta.url);

/**
 * Runs both, prints the report and returns the counts, of what failed `{ name, message }` each. `sample` is how many checks are drawn, by `seed`; all by default.
 */
export async function runConformance(beginnings = [], { sample, seed } = {}) {
  if (!original && process.env.CI) throw new Error('no original vde_switch: apt-get install vde2');
  if (!original) console.log('conformance: the original vde_switch is not installed (apt-get install vde2): ours runs alone');
  const among = suiteFiles().filter((file) => beginnings.length === 0 || beginnings.some((beginning) => file.startsWith(beginning)));
  const chosen = sample === undefined ? { files: among } : draw(await checksIn(among, own), sample, seed);
  const theirs = original ? onlyRun(await runSuite(original, { ...chosen, other: own })) : undefined;
  const ours = onlyRun(await runSuite(own, { ...chosen, other: original }));
  const known = new Set([...ours.keys(), ...(theirs?.keys() ?? [])]);
  const isWhole = beginnings.length === 0 && sample === undefined;
  const registered = isWhole ? onPurpose : new Map([...onPurpose].filter(([id]) => known.has(id)));
  const found = compare({ ours, theirs, onPurpose: registered, rows: tableRows(readFileSync(table, 'utf8')) });
  printReport({ ours, theirs, onPurpose }, found);
  const passed = found.alike.length + found.onPurpose.length;
  return { passed, failed: found.mistakes, skipped: found.skipped };
}

/** Leaves out the checks that were not chosen. */
function onlyRun(results) {
  return new Map([...results].filter(([, { outcome, reason }]) => outcome !== 'skipped' || !reason?.startsWith('filter: ')));
}

/** Returns what the command line asks for. Throws where that is no number. */
function options(args) {
  const number = (name) => {
    const text = args.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
    if (text !== undefined && !/^\d{1,9}$/.test(text)) throw new Error(`--${name}=${text}: give a number of 9 digits at most`);
    return text === undefined ? undefined : Number(text);
  };
  return { sample: number('sample'), seed: number('seed') ?? Math.floor(Date.now() / 1000) % 1_000_000_000 };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const { sample, seed } = options(args);
  if (sample !== undefined) console.log(`conformance: ${sample} checks drawn by the seed ${seed}`);
  const { passed, failed, skipped } = await runConformance(
    args.filter((argument) => !argument.startsWith('--')),
    { sample, seed },
  );
  console.log(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  process.exitCode = failed.length > 0 || passed === 0 || (process.env.CI && forbiddenSkips(skipped).length > 0) ? 1 : 0;
}
