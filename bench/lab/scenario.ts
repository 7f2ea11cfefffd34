/** The load of a lab. */
export type LabScenario =
  /**
   * As many pairs of hosts on a tree of switches, drawn by lot, find each other by ARP and ping; with `fromNothing` the making of the network,
   * and what so many hosts that are switched on at once say to each other, are part of it.
   */
  | { readonly kind: 'pings'; readonly switches: number; readonly hosts: number; readonly pairs: number; readonly fromNothing: boolean }
  /** A ring with a spanning tree and nothing else, for so long. */
  | { readonly kind: 'idle-ring'; readonly switches: number; readonly minutes: number }
  /** Stations at both ends of a row of switches send each other frames, for so long. */
  | { readonly kind: 'row'; readonly switches: number; readonly stations: number; readonly milliseconds: number }
  /** Hosts on a row of switches, each of which pings the one that is as far from the end as it is from the beginning. */
  | { readonly kind: 'line'; readonly switches: number; readonly hosts: number };

/** The result of a load. */
export interface LabResult {
  /** Of the run alone, without the making of the network unless the scenario says so. */
  readonly seconds: number;
  readonly hops: number;
  /** Of the pings. */
  readonly answers: number;
  readonly memory: number;
}
