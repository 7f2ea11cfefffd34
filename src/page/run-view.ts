/*
 * A run of a network as data: the content of the page, in plain JSON. Times are milliseconds since the run began. The page does not know
 * the source of the view: the lab makes one from its memory.
 */

/** A run, or the shown part of it. */
export interface RunView {
  /** The subject of the run, in a line. */
  readonly title: string;
  /** Further facts, each a few words: `seed 7`. */
  readonly facts: readonly string[];
  /** The columns, from left to right. */
  readonly nodes: readonly ViewNode[];
  /** In the order in which they were sent. */
  readonly frames: readonly ViewFrame[];
  /** In the order in which they began. */
  readonly faults: readonly ViewFault[];
  /** In the order of time. */
  readonly notes: readonly ViewNote[];
  /** The parts of the run that are missing in the view, and the reasons, each in a sentence. */
  readonly omissions: readonly string[];
}

/** An end of frames' ways. */
export interface ViewNode {
  readonly name: string;
  readonly kind: 'switch' | 'host' | 'station';
  /** Its addresses, as the frames' lines have them. */
  readonly macs: readonly string[];
}

/** A frame on one direction of one link. */
export interface ViewFrame {
  /** Its number in the run, from 0. */
  readonly number: number;
  /** The time at which it was sent. */
  readonly time: number;
  /** The places of its two nodes in `nodes`. */
  readonly from: number;
  readonly to: number;
  /** The ports at both ends: `s1.2`, or a station's name. */
  readonly source: string;
  readonly target: string;
  /** The length of the frame, in octets. */
  readonly octets: number;
  /** Its content, in a line. */
  readonly text: string;
  /** `delivered`, `under way`, or another fate: `lost: no-carrier`. */
  readonly fate: string;
  /** The number of the frame that caused its sending. That one may be missing in the view. */
  readonly cause?: number;
}

/** A point between two frames. */
export interface ViewMoment {
  readonly time: number;
  /** The number of the first frame that was sent after it. */
  readonly frame: number;
}

/** A temporary change of the network. */
export interface ViewFault {
  readonly name: string;
  /** `cut s1-s2`. */
  readonly text: string;
  /** Its first word: `cut`. Nodes are dead from the beginning of a `crash` to its end. */
  readonly kind: string;
  readonly begins: ViewMoment;
  /** Undefined if it lasted to the end of the run. */
  readonly ends?: ViewMoment;
  /** The places of the nodes that it concerns; nodes that it keeps apart are in groups of their own. */
  readonly groups: readonly (readonly number[])[];
}

/** A line that a program noted. */
export interface ViewNote {
  readonly time: number;
  /** The place of its node. */
  readonly node: number;
  readonly text: string;
}
