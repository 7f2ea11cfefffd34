/** What a process of a soak is asked: a line `WORD ID`, which is answered by a line of JSON with that id. */
export type Question =
  | 'report' // how far it is
  | 'collect' // of a switch: the same, after a collection of garbage
  | 'run' // of a load: begin, or go on
  | 'quiet'; // of a load: stop, read what still comes, and answer when nothing does any more

/** One port of a switch. */
export interface PortReport {
  readonly number: number;
  readonly module: string;
  readonly description: string;
  /** What came in by it, and what the other side took. */
  readonly received: number;
  readonly sent: number;
  /** What the switch gave it to send. */
  readonly given: number;
  /** What it dropped, by reason; those that are not 0. */
  readonly drops: Readonly<Record<string, number>>;
}

/** What a switch says of itself. */
export interface SwitchReport {
  readonly id: number;
  /** In octets. */
  readonly memory: { readonly resident: number; readonly heap: number; readonly buffers: number };
  readonly descriptors: number;
  /** What waits in all backlogs, in octets. */
  readonly waiting: number;
  readonly ports: readonly PortReport[];
}

/** What a load says of itself. */
export interface LoadReport {
  readonly id: number;
  /** What must never stop while it runs, by name: how often each has come round. */
  readonly progress: Readonly<Record<string, number>>;
  /** What each station sent and heard, by the description of its port. */
  readonly stations: Readonly<Record<string, { readonly sent: number; readonly heard: number }>>;
  /** What went wrong, in words. */
  readonly faults: readonly string[];
}
