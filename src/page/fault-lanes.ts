import { concerns, type Choice, type Row } from './rows.ts';
import type { RunView } from './run-view.ts';

/** The duration of a fault, as a bar beside the rows. */
export interface FaultBar {
  /** The place of the fault in the view. */
  readonly place: number;
  /** The lane of the bar, from 0; bars that overlap in time have different lanes. */
  readonly lane: number;
  /** The first and last row of the bar, inclusive. */
  readonly first: number;
  readonly last: number;
}

/** The most lanes; further simultaneous faults have rows but no bars. */
const mostLanes = 6;

/** Returns the bars of all chosen faults that overlap shown rows. */
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

/** Returns the first lane that is free in the given row. */
function laneFrom(free: readonly number[], first: number): number | undefined {
  const lane = free.findIndex((row) => row <= first);
  if (lane >= 0) return lane;
  return free.length < mostLanes ? free.length : undefined;
}
