/** Reports how ours differs from the original: alike, different on purpose, different by mistake. */
import { printSkips } from '../skips.mjs';

/** Returns the numbers of the rows of the table in docs/compatibility.md. */
export function tableRows(markdown) {
  return new Set([...markdown.matchAll(/^\| *(\d+) *\|/gm)].map(([, row]) => Number(row)));
}

/**
 * Compares two runs, each a map of ids to results. Returns the ids of the checks that are `alike` and `onPurpose`, `{ name, reason }` of those that
 * are `skipped`, and `{ name, message }` of the `mistakes`, whose names begin with the id. Without a run of the original, `theirs` is undefined and only
 * ours is judged.
 */
export function compare({ ours, theirs, onPurpose, rows }) {
  const found = { alike: [], onPurpose: [], skipped: [], mistakes: [] };
  for (const id of new Set([...ours.keys(), ...(theirs?.keys() ?? [])])) {
    const verdict = judge(ours.get(id)?.outcome, theirs && (theirs.get(id)?.outcome ?? 'missing'), onPurpose.get(id), rows);
    const name = `${id}: ${ours.get(id)?.name ?? theirs?.get(id)?.name}`;
    if (verdict === 'skipped') found.skipped.push({ name, reason: ours.get(id).reason ?? 'it does not say why' });
    else if (verdict in found) found[verdict].push(id);
    else found.mistakes.push({ name, message: [verdict, ...[ours.get(id), theirs?.get(id)].flatMap(lastWords)].join('\n') });
  }
  for (const id of onPurpose.keys())
    if (!ours.has(id)) found.mistakes.push({ name: id, message: 'registered as different on purpose, and there is no such check' });
  return found;
}

/** Returns the message of a failed check, without the names of earlier ones. */
function lastWords(result) {
  return result?.outcome === 'failed' ? [result.output.replace(/^/gm, '    ')] : [];
}

function judge(ours = 'missing', theirs, row, rows) {
  if (ours === 'skipped' && (theirs === undefined || theirs === 'skipped')) return 'skipped';
  if (ours !== 'passed') return theirs === 'failed' ? `${ours} by both: the check is wrong` : `${ours} by ours`;
  if (row !== undefined && !rows.has(row)) return `registered for row ${row}, and docs/compatibility.md has no such row`;
  if (theirs === undefined) return 'alike';
  if (theirs === 'passed') return row === undefined ? 'alike' : `registered for row ${row}, and not different any more`;
  if (theirs !== 'failed') return `${theirs} by the original only`;
  return row === undefined ? 'failed by the original: the check is wrong, or a row of docs/compatibility.md is missing' : 'onPurpose';
}

/** Prints both reports side by side, file by file, and then each difference. */
export function printReport({ ours, theirs, onPurpose }, found) {
  console.log('checks passed                       original    ours');
  for (const file of [...new Set([...ours.values()].map((result) => result.file))].sort()) {
    const all = [...ours].filter(([, result]) => result.file === file);
    const count = (results) => (results ? all.filter(([id]) => results.get(id)?.outcome === 'passed').length : '-');
    console.log(`${file.padEnd(36)}${String(count(theirs)).padStart(8)}${String(count(ours)).padStart(8)} of ${all.length}`);
  }
  for (const id of found.onPurpose) console.log(`different on purpose, row ${onPurpose.get(id)}: ${id}: ${ours.get(id).name}`);
  printSkips(found.skipped);
  for (const { name, message } of found.mistakes) console.log(`DIFFERENT BY MISTAKE: ${name}: ${message}`);
  console.log(
    `conformance: ${found.alike.length} alike, ${found.onPurpose.length} different on purpose, ${found.mistakes.length} different by mistake`,
  );
}
