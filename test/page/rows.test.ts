import { expect, it } from 'vitest';
import { Causes } from '../../src/page/causes.ts';
import { Columns } from '../../src/page/columns.ts';
import { faultBars } from '../../src/page/fault-lanes.ts';
import { rowsOf, type Choice, type Row } from '../../src/page/rows.ts';
import type { RunView } from '../../src/page/page.ts';
import { fault, view } from './views.ts';

/** Rows in short: `0` a frame, `+f1` and `-f1` a fault, `note`, `500 ms`. */
const short = (run: RunView, rows: readonly Row[]): string[] =>
  rows.map((row) => {
    if (row.kind === 'frame') return `${row.place}`;
    if (row.kind === 'fault') return `${row.begins ? '+' : '-'}${run.faults[row.place]?.name ?? ''}`;
    return row.kind === 'note' ? 'note' : `${row.milliseconds} ms`;
  });

const rows = (run: RunView, choice: Choice = {}): string[] => short(run, rowsOf(run, choice));

it('rows are in the order of time; at an instant a fault is between frames, and what a program noted behind them', () => {
  const run: RunView = {
    ...view({ time: 5 }, 3, [{ ...fault('f1', 1, undefined, 1), begins: { time: 5, frame: 101 } }]),
    notes: [{ time: 5, node: 0, text: 'x' }],
  };
  expect(rows(run)).toEqual(['0', '+f1', '1', '2', 'note']);
});

it('a long pause has a row', () => {
  const run = view();
  const late = { ...run, frames: run.frames.map((frame, at) => ({ ...frame, time: at === 2 ? 500 : frame.time })) };
  expect(rows(late)).toEqual(['0', '1', '490 ms', '2']);
});

it('nodes, protocols, words, a span and losses can be chosen, all at once', () => {
  const run = view({}, 6);
  const mixed: RunView = {
    ...run,
    frames: run.frames.map((frame, at) =>
      at === 3
        ? { ...frame, fate: 'lost: no-carrier' }
        : at === 4
          ? { ...frame, text: 'x > y: DHCP ACK 10.0.0.7', fate: 'dropped by s1: unknown' }
          : frame,
    ),
  };
  expect(rows(mixed, { nodes: new Set([2]) })).toEqual(['1', '3', '5']);
  expect(rows(mixed, { nodes: new Set() })).toHaveLength(6);
  expect(rows(mixed, { protocols: new Set(['DHCP']) })).toEqual(['4']);
  expect(rows(mixed, { words: 'No-Carrier' })).toEqual(['3']);
  expect(rows(mixed, { words: 's1.2 > b' })).toEqual(['1', '3', '5']);
  expect(rows(mixed, { from: 20, to: 40 })).toEqual(['2', '3', '4']);
  expect(rows(mixed, { losses: true })).toEqual(['3', '4']);
  expect(rows(mixed, { losses: true, nodes: new Set([0]), to: 45 })).toEqual(['4']);
  expect(rows(mixed, { losses: true, nodes: new Set([0]), to: 35 })).toEqual([]);
});

it('faults of other nodes are left out, and bars of faults at once are beside each other', () => {
  const run = view({}, 6, [fault('f1', 1, 3, 1), fault('f2', 2, undefined, 0), fault('f3', 4, 5, 1)]);
  expect(rows(run)).toEqual(['0', '+f1', '1', '+f2', '2', '-f1', '3', '+f3', '4', '-f3', '5']);
  const bars = (choice: Choice): unknown[] =>
    faultBars(run, rowsOf(run, choice), choice).map(({ place, lane, first, last }) => [place, lane, first, last]);
  expect(bars({})).toEqual([
    [0, 0, 1, 5],
    [1, 1, 3, 10],
    [2, 0, 7, 9],
  ]);
  expect(rows(run, { nodes: new Set([0]) })).toEqual(['0', '+f2', '2', '4']);
  expect(bars({ nodes: new Set([0]) })).toEqual([[1, 0, 1, 3]]);
  // A fault that began before the span lasts in it; one that had ended does not.
  expect(bars({ from: 35 })).toEqual([
    [1, 0, 0, 3],
    [2, 1, 0, 2],
  ]);
});

it('a chain leads back to the first cause in the view, a longer one not farther than asked', () => {
  const causes = new Causes(view({}, 5).frames);
  expect(causes.chainTo(3)).toEqual([0, 1, 2, 3]);
  expect(causes.chainTo(3, 2)).toEqual([2, 3]);
  expect([causes.causeOf(0), causes.causeOf(4), causes.placeOf(104), causes.placeOf(99)]).toEqual([undefined, 3, 4, undefined]);
  expect([causes.effectsOf(2), causes.effectsOf(4), causes.consequencesOf(1), causes.consequencesOf(0, 2)]).toEqual([
    [3],
    [],
    [2, 3, 4],
    [1, 2],
  ]);
});

it('columns share the room within bounds, and an end that is not shown is beside the other one', () => {
  const all = new Columns(view(), {}, 300);
  expect([all.shown, all.width, all.total, all.at(0), all.at(2), all.arrow(0, 1)]).toEqual([[0, 1, 2], 100, 300, 50, 250, [50, 150]]);
  expect([new Columns(view(), {}, 10).width, new Columns(view(), {}, 9000).width]).toEqual([56, 168]);
  const long = { ...view(), nodes: view().nodes.map((node) => ({ ...node, name: node.name.repeat(8) })) };
  expect([new Columns(long, {}, 10).width, new Columns(long, { nodes: new Set([0]) }, 10).width]).toEqual([112, 92]);
  const one = new Columns(view(), { nodes: new Set([1]) }, 100);
  expect([one.shown, one.at(0), one.arrow(0, 1), one.arrow(1, 2), one.arrow(1, 0)]).toEqual([[1], undefined, [10, 50], [50, 90], [50, 10]]);
});

it('of tens of thousands of frames, chains and consequences are bounded', () => {
  const run = view({}, 50_000);
  const causes = new Causes(run.frames);
  expect(causes.chainTo(49_999)).toHaveLength(1000);
  expect(causes.consequencesOf(0)).toHaveLength(500);
  expect(rowsOf(run, { words: 'who has', nodes: new Set([2]) })).toHaveLength(25_000);
});
