import { demoPairs, inOrder, type DemoRow, type DemoTable } from './demo-table.ts';

/** The capabilities of the output. */
export interface TextOptions {
  /** The available columns. */
  readonly width: number;
  /** True if colours may be used. [ECMA-48, 8.3.117; no-color.org] */
  readonly colour: boolean;
}

/** The kind of hosts on the switches. */
export interface DemoFront {
  readonly kind: 'guests' | 'stations';
  /** A description for the user: QEMU's version and accelerator, or the reason for stations. */
  readonly description: string;
}

/** Formats the table as lines. If they are too wide for the output, columns are left out, the least important first. */
export function tableLines(table: DemoTable, { width, colour }: TextOptions): string[] {
  const all = columns(table);
  const present = new Set(all);
  for (const column of [...all].sort((a, b) => b.rank - a.rank)) {
    if (widthOf([...present], table) <= width) break;
    if (column.rank > 0) present.delete(column);
  }
  const shown = all.filter((column) => present.has(column));
  const line = (cells: readonly string[]): string => cells.join(gap).trimEnd().slice(0, width);
  const head = line(shown.map((column) => column.title.padEnd(columnWidth(column, table))));
  const rows = inOrder(table).map((row) =>
    paint(line(shown.map((column) => column.cell(row).padEnd(columnWidth(column, table)))), row, colour),
  );
  return [colour ? `${bold}${head}${plain}` : head, ...rows];
}

/** Returns one line for each change between two tables, for outputs that cannot redraw a table. */
export function changeLines(before: DemoTable, after: DemoTable, at: number): string[] {
  return after.flatMap((row, place) => {
    const old = before[place];
    const lines: string[] = [];
    if (row.state !== old?.state || row.address !== old.address) {
      const facts = [switchName(row), row.port === undefined ? '' : `port ${row.port}`, row.mac ?? '', row.state, row.address ?? ''];
      lines.push(`${seconds(at)} s  ${facts.filter((fact) => fact !== '').join('  ')}`);
    }
    for (const { from, to, roundTrips } of demoPairs(after)) {
      if (from !== row || to.address === undefined || roundTrips?.answers !== 1) continue;
      if (old?.roundTrips.get(to.address)?.answers === 1) continue;
      lines.push(`${seconds(at)} s  guest ${idOf(from)} reaches guest ${idOf(to)} at ${to.address} in ${time(roundTrips.last)} ms`);
    }
    return lines;
  });
}

/** Returns the summary. `began` is the time when the star was started. */
export function summaryLines(table: DemoTable, front: DemoFront, began: number): string[] {
  const pairs = demoPairs(table);
  const times = pairs.flatMap(({ roundTrips }) => roundTrips?.last ?? []).sort((a, b) => a - b);
  const lastLease = Math.max(...table.map(({ leasedAt }) => leasedAt ?? Number.NaN));
  const [least, median, most] = [times[0], times[Math.floor(times.length / 2)], times.at(-1)].map(time);
  return [
    `${table.length} ${front.kind} (${front.description})`,
    `last lease ${seconds(lastLease - began).trim()} s after the star was started, ${seconds(lastLease).trim()} s after the command`,
    `${times.length} of ${pairs.length} pairs reach each other; round trips ${least} / ${median} / ${most} ms (least / median / most)`,
  ];
}

interface Column {
  readonly title: string;
  /** Columns of rank 0 are always shown. Columns of the highest rank are left out first. */
  readonly rank: number;
  readonly cell: (row: DemoRow) => string;
}

const gap = '  ';
const escape = '\u001b';
const bold = `${escape}[1m`;
const plain = `${escape}[0m`;
const colours: Readonly<Record<string, string>> = { leased: `${escape}[32m`, died: `${escape}[31m`, unlinked: `${escape}[31m` };

function columns(table: DemoTable): readonly Column[] {
  return [
    { title: 'switch', rank: 0, cell: switchName },
    { title: 'port', rank: 3, cell: ({ port }) => String(port ?? '-') },
    { title: 'guest', rank: 4, cell: idOf },
    { title: 'MAC', rank: 5, cell: ({ mac }) => mac ?? '-' },
    { title: 'address', rank: 0, cell: ({ address }) => address ?? '-' },
    { title: 'state', rank: 0, cell: ({ state }) => state },
    { title: 'since', rank: 2, cell: ({ since }) => `${seconds(since)} s` },
    { title: 'round trip (ms)', rank: 1, cell: (row) => roundTripsOf(row, table) },
  ];
}

function columnWidth({ title, cell }: Column, table: DemoTable): number {
  return Math.max(title.length, ...table.map((row) => cell(row).length));
}

function widthOf(shown: readonly Column[], table: DemoTable): number {
  return shown.reduce((sum, column) => sum + columnWidth(column, table) + gap.length, -gap.length);
}

function switchName({ role, id }: DemoRow): string {
  return role === 'master' ? role : `slave ${id ?? ''}`.trim();
}

function idOf({ id }: DemoRow): string {
  return String(id ?? '-');
}

function roundTripsOf(row: DemoRow, table: DemoTable): string {
  const trips = demoPairs(table).filter(({ from, roundTrips }) => from === row && roundTrips !== undefined);
  return trips.map(({ to, roundTrips }) => `${idOf(to)}: ${time(roundTrips?.last)}`).join(gap);
}

function time(milliseconds: number | undefined): string {
  return milliseconds?.toFixed(2) ?? 'none';
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1).padStart(5);
}

function paint(line: string, { state }: DemoRow, colour: boolean): string {
  const sequence = colour ? colours[state] : undefined;
  return sequence === undefined ? line : `${sequence}${line}${plain}`;
}
