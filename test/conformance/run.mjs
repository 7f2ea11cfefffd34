/**
 * `npm run conformance`: runs the black-box suite against the original, where it is installed, and against ours, and prints both reports
 * side by side. A difference is a mistake unless it is registered in on-purpose.mjs with a row of docs/compatibility.md. Arguments choose
 * files by the beginning of their names; VERBOSE=1 tells the time of each file;
 * CONFORMANCE_PATIENCE is how long a switch has for what it does at once, in milliseconds: 10,000.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onPurpose } from './on-purpose.mjs';
import { compare, printReport, tableRows } from './report.mjs';
import { runSuite, suiteFiles } from './suite.mjs';
import { forbiddenSkips } from '../skips.mjs';

const original = ['/usr/bin/vde_switch', '/usr/sbin/vde_switch', '/usr/local/bin/vde_switch'].find(existsSync);
const own = fileURLToPath(new URL('../../bin/vde_switch', import.meta.url));
const table = new URL('../../docs/compatibility.md', import.meta.url);

/** Runs both, prints the report and returns the counts. */
export async function runConformance(beginnings = []) {
  if (!original && process.env.CI) throw new Error('no original vde_switch: apt-get install vde2');
  if (!original) console.log('conformance: the original vde_switch is not installed (apt-get install vde2): ours runs alone');
  const files = suiteFiles().filter((file) => beginnings.length === 0 || beginnings.some((beginning) => file.startsWith(beginning)));
  const theirs = original ? await runSuite(original, { files, other: own }) : undefined;
  const ours = await runSuite(own, { files, other: original });
  const known = new Set([...ours.keys(), ...(theirs?.keys() ?? [])]);
  const registered = beginnings.length === 0 ? onPurpose : new Map([...onPurpose].filter(([name]) => known.has(name)));
  const found = compare({ ours, theirs, onPurpose: registered, rows: tableRows(readFileSync(table, 'utf8')) });
  printReport({ ours, theirs, onPurpose }, found);
  const passed = found.alike.length + found.onPurpose.length;
  return { passed, failed: found.mistakes.length, skipped: found.skipped };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { passed, failed, skipped } = await runConformance(process.argv.slice(2));
  console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  process.exitCode = failed > 0 || passed === 0 || (process.env.CI && forbiddenSkips(skipped).length > 0) ? 1 : 0;
}
