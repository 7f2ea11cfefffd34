/** A question to a process of a soak: a line `WORD ID`, which is answered by a line of JSON with that id. */
export type Question =
  | 'report' // how far it is
  | 'collect' // of a switch: the same, after a collection of garbage
  | 'run' // of a load: begin, or go on
  | 'quiet'; // of a load: stop, read what still comes, and answer when nothing does any more

/** The part of a switch in a star of two, which makes the link between them. */
export type StarSpec =
  { readonly role: 'master'; readonly state: string } | { readonly role: 'slave'; readonly state: string; readonly line: string };

/** A switch of a soak. */
export interface SwitchSpec {
  readonly directory: string;
  /** The addresses of its ports. */
  readonly ports: readonly string[];
  /** Default: the link is one of the ports. */
  readonly star?: StarSpec | undefined;
}

/** One port of a switch. */
export interface PortReport {
  readonly number: number;
  readonly module: string;
  readonly description: string;
  /** Frames received by it, and frames that the other side took. */
  readonly received: number;
  readonly sent: number;
  /** Frames that the switch gave it to send. */
  readonly given: number;
  /** Frames that it dropped, by reason; only those that are not 0. */
  readonly drops: Readonly<Record<string, number>>;
}

/** The report of a switch. */
export interface SwitchReport {
  readonly id: number;
  /** In octets. */
  readonly memory: { readonly resident: number; readonly heap: number; readonly buffers: number };
  readonly descriptors: number;
  /** The octets in all backlogs. */
  readonly waiting: number;
  readonly ports: readonly PortReport[];
}

/** The report of a load. */
export interface LoadReport {
  readonly id: number;
  /** The counters that must never stop while it runs, by name: how often each has come round. */
  readonly progress: Readonly<Record<string, number>>;
  /** The frames that each station sent and received, by the description of its port. */
  readonly stations: Readonly<Record<string, { readonly sent: number; readonly heard: number }>>;
  /** The faults, in words. */
  readonly faults: readonly string[];
}
