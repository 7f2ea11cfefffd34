import { protocolOf } from './decode.ts';
import { isLoss } from './outcome.ts';
import type { RunView, ViewFault, ViewFrame, ViewMoment } from './run-view.ts';

/** The user's choice of frames. A missing member means no restriction. */
export interface Choice {
  /** Places of nodes: frames from or to one of them. Default: all. */
  readonly nodes?: ReadonlySet<number>;
  /** Default: all. */
  readonly protocols?: ReadonlySet<string>;
  /** Words that a frame's line, ports or fate must contain, regardless of case. */
  readonly words?: string;
  readonly from?: number;
  readonly to?: number;
  /** True to show only losses. */
  readonly losses?: boolean;
}

/** A row of the page. A place is an index in the view. */
export type Row =
  | { readonly kind: 'frame'; readonly place: number }
  | { readonly kind: 'fault'; readonly place: number; readonly begins: boolean }
  | { readonly kind: 'note'; readonly place: number }
  | { readonly kind: 'pause'; readonly milliseconds: number };

/** The shortest pause that gets a row, in milliseconds. */
const longPause = 100;

/** Returns the chosen part of a view as rows, in order of time. */
export function rowsOf(view: RunView, choice: Choice): Row[] {
  const events = [...framesIn(view, choice), ...faultsIn(view, choice), ...notesIn(view, choice)];
  events.sort((a, b) => a.time - b.time || a.order - b.order);
  return events.flatMap(({ row, time }, at) => {
    const pause = time - (events[at - 1]?.time ?? time);
    return pause >= longPause ? [{ kind: 'pause', milliseconds: pause }, row] : [row];
  });
}

interface Event {
  readonly time: number;
  /** The order of events at the same instant. */
  readonly order: number;
  readonly row: Row;
}

function framesIn({ frames }: RunView, choice: Choice): Event[] {
  const isWanted = matcherOf(choice);
  return frames.flatMap((frame, place) =>
    isWanted(frame) ? [{ time: frame.time, order: frame.number, row: { kind: 'frame', place } as const }] : [],
  );
}

/** Returns the beginnings and ends of faults that concern chosen nodes. Each comes before the frame with its number. */
function faultsIn({ faults }: RunView, choice: Choice): Event[] {
  return faults.flatMap((fault, place) => {
    if (!concerns(fault, choice)) return [];
    const event = ({ time, frame }: ViewMoment, begins: boolean): Event[] =>
      isInSpan(time, choice) ? [{ time, order: frame - 0.5, row: { kind: 'fault', place, begins } }] : [];
    return [...event(fault.begins, true), ...(fault.ends ? event(fault.ends, false) : [])];
  });
}

/** Returns the notes of programs, which come after all frames of the same instant. */
function notesIn({ notes }: RunView, choice: Choice): Event[] {
  const words = choice.words?.toLowerCase() ?? '';
  return notes.flatMap(({ time, node, text }, place) => {
    const isWanted = isChosen(choice, node) && isInSpan(time, choice) && choice.losses !== true && text.toLowerCase().includes(words);
    return isWanted ? [{ time, order: Number.MAX_SAFE_INTEGER, row: { kind: 'note', place } as const }] : [];
  });
}

function matcherOf(choice: Choice): (frame: ViewFrame) => boolean {
  const { protocols, losses = false } = choice;
  const words = choice.words?.toLowerCase() ?? '';
  return ({ time, from, to, text, fate, source, target }) => {
    if (!isInSpan(time, choice) || (losses && !isLoss(fate))) return false;
    if (!isChosen(choice, from) && !isChosen(choice, to)) return false;
    if (protocols?.size && !protocols.has(protocolIn(text))) return false;
    return words === '' || `${source} > ${target} ${text} ${fate}`.toLowerCase().includes(words);
  };
}

/** Returns the protocol of a frame from its line. */
export function protocolIn(text: string): string {
  const end = text.indexOf(': ');
  return protocolOf(end < 0 ? text : text.slice(end + 2));
}

/** Returns whether a node is shown. */
export function isChosen({ nodes }: Choice, place: number): boolean {
  return !nodes?.size || nodes.has(place);
}

/** Returns whether a fault concerns a chosen node. */
export function concerns({ groups }: ViewFault, choice: Choice): boolean {
  return groups.length === 0 || groups.some((group) => group.some((place) => isChosen(choice, place)));
}

function isInSpan(time: number, { from = -Infinity, to = Infinity }: Choice): boolean {
  return time >= from && time <= to;
}
