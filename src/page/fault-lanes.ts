import { concerns, type Choice, type Row } from './rows.ts';
import type { RunView } from './run-view.ts';

/** How long a fault lasts, as a bar beside the rows. */
export interface FaultBar {
  /** Its place in the view. */
  readonly place: number;
  /** Which of the bars beside each other, from 0. */
  readonly lane: number;
  /** The rows that it goes from and to, ends included. */
  readonly first: number;
  readonly last: number;
}

/** So many bars are drawn beside each other; of more faults at once, only the rows are there. */
const mostLanes = 6;

/** The bars of all faults that are chosen, and last while something is shown. */
export function faultBars(view: RunView, rows: readonly Row[], choice: Choice): FaultBar[] {
  const begins = new Map<number, number>();
  const ends = new Map<number, number>();
  rows.forEach((row, at) => {
    if (row.kind === 'fault') (row.begins ? begins : ends).set(row.place, at);
  });
  const free: number[] = [];
  return view.faults.flatMap((fault, place) => {
    const first = begins.get(place) ?? (fault.begins.time < (choice.from ?? -Infinity) ? 0 : undefined);
    const isOver = ends.get(place) === undefined && fault.ends !== undefined && fault.ends.time < (choice.from ?? -Infinity);
    if (first === undefined || isOver || !concerns(fault, choice)) return [];
    const last = ends.get(place) ?? rows.length - 1;
    const lane = laneFrom(free, first);
    if (lane === undefined) return [];
    free[lane] = last + 1;
    return [{ place, lane, first, last }];
  });
}

/** A lane whose last bar has ended. */
function laneFrom(free: readonly number[], first: number): number | undefined {
  const lane = free.findIndex((row) => row <= first);
  if (lane >= 0) return lane;
  return free.length < mostLanes ? free.length : undefined;
}
