/*
 * A run of a network as data: what the page draws, in plain JSON. Times are milliseconds since the run began. The page
 * does not know where the view comes from: the lab makes one of what it remembers.
 */

/** A run, or the part of it that is shown. */
export interface RunView {
  /** What the run is about, in a line. */
  readonly title: string;
  /** What else is worth knowing, each a few words: `seed 7`. */
  readonly facts: readonly string[];
  /** The columns, from left to right. */
  readonly nodes: readonly ViewNode[];
  /** In the order in which they were sent. */
  readonly frames: readonly ViewFrame[];
  /** In the order in which they began. */
  readonly faults: readonly ViewFault[];
  /** In the order of time. */
  readonly notes: readonly ViewNote[];
  /** What the run has that is not in the view, and why, each in a sentence. */
  readonly omissions: readonly string[];
}

/** Something that frames go to and come from. */
export interface ViewNode {
  readonly name: string;
  readonly kind: 'switch' | 'host' | 'station';
  /** Its addresses, as frames are summed up with them. */
  readonly macs: readonly string[];
}

/** A frame on one way of one link. */
export interface ViewFrame {
  /** Its number in the run, from 0. */
  readonly number: number;
  /** When it was sent. */
  readonly time: number;
  /** The places of its two nodes in `nodes`. */
  readonly from: number;
  readonly to: number;
  /** The ports at both ends: `s1.2`, or a station's name. */
  readonly source: string;
  readonly target: string;
  /** How many octets it has. */
  readonly octets: number;
  /** What it says, in a line. */
  readonly text: string;
  /** `delivered`, `under way`, or what became of it: `lost: no-carrier`. */
  readonly fate: string;
  /** The number of the frame that made its sender send it. It may be one that is not in the view. */
  readonly cause?: number;
}

/** A point between two frames. */
export interface ViewMoment {
  readonly time: number;
  /** The number of the first frame that was sent after it. */
  readonly frame: number;
}

/** Something that was done to the network for a while. */
export interface ViewFault {
  readonly name: string;
  /** `cut s1-s2`. */
  readonly text: string;
  /** Its first word: `cut`. Nodes are dead from the beginning of a `crash` to its end. */
  readonly kind: string;
  readonly begins: ViewMoment;
  /** Undefined where it lasted to the end of the run. */
  readonly ends?: ViewMoment;
  /** The places of the nodes that it concerns; those that it keeps apart are in groups of their own. */
  readonly groups: readonly (readonly number[])[];
}

/** A line that a program noted. */
export interface ViewNote {
  readonly time: number;
  /** The place of its node. */
  readonly node: number;
  readonly text: string;
}
