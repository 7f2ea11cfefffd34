/** The joins to a group that has members already. */
export interface RosterSpec {
  /** An empty directory. */
  readonly directory: string;
  /** `journal`: the changes of a join are appended. `whole`: all members are written for each join, as in version 0.2.0. */
  readonly way: 'journal' | 'whole';
  readonly members: number;
  /** The joins that come at once, again and again. */
  readonly joins: number;
  /** True to go on until the journal has been written anew. */
  readonly rewrite: boolean;
  readonly warmup: number;
  readonly seconds: number;
}

/** The result in the measured time. Times are in milliseconds. */
export interface RosterResult {
  /** The joins that were kept. */
  readonly joins: number;
  readonly seconds: number;
  /** The longest turn of the thread that forwards frames, in its own processor time: so long frames wait. */
  readonly longestTurn: number;
  /** The time until a join, or all that came at once, is on the disk: the median. */
  readonly keptP50: number;
  /** Resident, in octets. */
  readonly memory: number;
}
