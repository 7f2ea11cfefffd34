import { cleanText } from '../clean-text.ts';

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** True for numbers, which stand at the right. Default: false. */
  readonly right?: boolean;
  /** The least width to which the column may be cut if the table is too wide. Default: it is never cut. */
  readonly least?: number;
}

/** The widest table, in characters. */
const widest = 100;

const gap = '  ';

/**
 * Returns a table for people: a line of titles, then one for each row, in aligned columns. A table that is too wide has its widest columns
 * cut. All text is cleaned.
 */
export function tableOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ text }) => cleanText(text(row))))];
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)));
  cut(widths, columns);
  return lines.map((cells) => `${lineOf(cells, widths, columns)}\n`).join('');
}

/** Makes the widest columns that may be cut narrower, until the table is narrow enough or none is left. */
function cut<Row>(widths: number[], columns: readonly Column<Row>[]): void {
  const total = (): number => widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1));
  while (total() > widest) {
    const [most] = columns
      .map(({ least }, i) => ({ i, spare: least === undefined ? 0 : (widths[i] ?? 0) - least, width: widths[i] ?? 0 }))
      .filter(({ spare }) => spare > 0)
      .sort((a, b) => b.width - a.width);
    if (!most) return;
    widths[most.i] = most.width - 1;
  }
}

function lineOf<Row>(cells: readonly string[], widths: readonly number[], columns: readonly Column<Row>[]): string {
  const padded = cells.map((cell, i) => {
    const width = widths[i] ?? 0;
    const text = cleanText(cell, width);
    return columns[i]?.right === true ? text.padStart(width) : text.padEnd(width);
  });
  return padded.join(gap).trimEnd();
}
