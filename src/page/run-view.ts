/*
 * The data of a run of a network, in plain JSON: the content of the page. Times are milliseconds since the run began. The page does not
 * depend on the source of the view; the lab makes one from its trace.
 */

/** A run, or the shown part of it. */
export interface RunView {
  /** The subject of the run, in one line. */
  readonly title: string;
  /** Further facts, each of a few words: `seed 7`. */
  readonly facts: readonly string[];
  /** The columns, from left to right. */
  readonly nodes: readonly ViewNode[];
  /** In the order in which they were sent. */
  readonly frames: readonly ViewFrame[];
  /** In the order in which they began. */
  readonly faults: readonly ViewFault[];
  /** In order of time. */
  readonly notes: readonly ViewNote[];
  /** The parts of the run that the view lacks, each with the reason, in one sentence. */
  readonly omissions: readonly string[];
}

/** A node of the network: a sender or receiver of frames. */
export interface ViewNode {
  readonly name: string;
  readonly kind: 'switch' | 'host' | 'station';
  /** Its addresses, as they appear in the lines of frames. */
  readonly macs: readonly string[];
}

/** A frame on one direction of one link. */
export interface ViewFrame {
  /** Its number in the run, from 0. */
  readonly number: number;
  /** The time of sending. */
  readonly time: number;
  /** The indexes of the two nodes in `nodes`. */
  readonly from: number;
  readonly to: number;
  /** The ports at both ends: `s1.2`, or a station's name. */
  readonly source: string;
  readonly target: string;
  /** The length of the frame, in octets. */
  readonly octets: number;
  /** Its content, in one line. */
  readonly text: string;
  /** `delivered`, `under way`, or another fate: `lost: no-carrier`. */
  readonly fate: string;
  /** The number of the frame that caused this one. The view may lack it. */
  readonly cause?: number;
}

/** A moment between two frames. */
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
  /** Its first word: `cut`. During a `crash`, its nodes are dead. */
  readonly kind: string;
  readonly begins: ViewMoment;
  /** Undefined if it lasted to the end of the run. */
  readonly ends?: ViewMoment;
  /** The indexes of the nodes that it concerns. A partition has one group for each side. */
  readonly groups: readonly (readonly number[])[];
}

/** A line that a program noted. */
export interface ViewNote {
  readonly time: number;
  /** The index of its node. */
  readonly node: number;
  readonly text: string;
}
