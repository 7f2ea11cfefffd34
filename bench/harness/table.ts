import { figureNames, figures, type FigureName } from './figures.ts';
import { goalText, verdictOf, type Goal } from './goals.ts';
import { commonFigure, figureOf, type BenchmarkResult, type CaseResult } from './results.ts';
import type { Spread } from './statistics.ts';

/** Returns the result of a benchmark as lines for people: one line for each figure, with its ratio and how that stands to its goal. */
export function tableOf(result: BenchmarkResult): string[] {
  const { name, work, peer, skipped, cases, commonGoals } = result;
  const lines = [`${name}: ${work}${peer === undefined ? '' : `; peer: ${peer}`}`];
  if (skipped !== undefined) lines.push(`  SKIPPED: ${skipped}`);
  for (const one of cases) {
    if (one.ours.length === 0 && one.peer.length === 0) continue;
    if (cases.length > 1) lines.push(`  ${one.name}`);
    if (one.skipped !== undefined) lines.push(`    SKIPPED: the peer: ${one.skipped}`);
    lines.push(...columns(caseRows(one)));
  }
  if (cases.every((one) => one.ours.length === 0)) return lines;
  for (const common of commonGoals) {
    const figure = commonFigure(result, common);
    lines.push(`  ${common.title}: ${figure === undefined ? 'no figure' : digits(figure)}   ${standing(figure, common.goal)}`);
  }
  return lines;
}

function caseRows(result: CaseResult): string[][] {
  return figureNames.flatMap((name) => {
    const { ours, peer, ratio } = figureOf(result, name);
    if (ours === undefined && peer === undefined) return [];
    const row = [`    ${titleOf(name)}`, `ours ${shown(ours, figures[name].show)}`];
    if (result.peer.length > 0)
      row.push(`peer ${shown(peer, figures[name].show)}`, ratio && figures[name].ratio !== false ? `ratio ${shown(ratio, digits)}` : '');
    row.push(standings(result, name, { own: ours?.median, ratio: ratio?.median }));
    return [row];
  });
}

/** Returns how a figure stands to its goals; nothing where it has none, or where its peer was not run. */
function standings(result: CaseResult, name: FigureName, { own, ratio }: { own: number | undefined; ratio: number | undefined }): string {
  const ratioGoal = result.ratioGoals[name];
  const ownGoal = result.ownGoals[name];
  const texts = [];
  if (ratioGoal && result.peer.length > 0) texts.push(standing(ratio, ratioGoal));
  if (ownGoal) texts.push(standing(own, ownGoal));
  return texts.join(', ');
}

function standing(figure: number | undefined, goal: Goal): string {
  return `${verdictOf(figure, goal).toUpperCase()}: goal ${goalText(goal)}`;
}

function titleOf(name: FigureName): string {
  const { title, unit } = figures[name];
  return unit === '' ? title : `${title} [${unit}]`;
}

function shown(spread: Spread | undefined, show: (figure: number) => string): string {
  return spread === undefined ? '-' : `${show(spread.median)} (${show(spread.min)} .. ${show(spread.max)})`;
}

function digits(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure.toFixed(2);
}

function columns(rows: readonly string[][]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}
