import type { RunView, ViewFrame } from './run-view.ts';

/**
 * A view that contains each text only once. A frame that crosses many links, and frames with the same text, then need little room in a
 * file.
 */
export interface PackedView extends Omit<RunView, 'frames'> {
  readonly texts: readonly string[];
  readonly frames: readonly PackedFrame[];
}

/** The members of a frame, in the order of `ViewFrame`. A text is replaced by its index in `texts`; a missing cause is left out. */
export type PackedFrame = readonly number[];

/** Packs a view. */
export function packView({ frames, ...rest }: RunView): PackedView {
  const places = new Map<string, number>();
  const place = (text: string): number => {
    const known = places.get(text);
    if (known === undefined) places.set(text, places.size);
    return known ?? places.size - 1;
  };
  const packed = frames.map(({ number, time, from, to, source, target, octets, text, fate, cause }) => {
    const members = [number, time, from, to, place(source), place(target), octets, place(text), place(fate)];
    return cause === undefined ? members : [...members, cause];
  });
  return { ...rest, texts: [...places.keys()], frames: packed };
}

/** Restores a packed view. */
export function unpackView({ texts, frames, ...rest }: PackedView): RunView {
  const text = (place: number): string => texts[place] ?? '';
  const unpacked = frames.map(
    ([number = 0, time = 0, from = 0, to = 0, source = 0, target = 0, octets = 0, line = 0, fate = 0, cause]): ViewFrame => {
      const ends = { from, to, source: text(source), target: text(target) };
      return { number, time, ...ends, octets, text: text(line), fate: text(fate), ...(cause !== undefined && { cause }) };
    },
  );
  return { ...rest, frames: unpacked };
}
