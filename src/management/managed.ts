import type { Clock } from '../clock.ts';
import type { Feed } from '../feed.ts';
import type { FstpChange, Switch } from '../switch/switch.ts';
import type { FrameTaps } from '../plane/frame-taps.ts';
import type { DhcpPart } from './parts/dhcp.ts';
import type { Endpoint, PortTable } from './port-table.ts';
import type { Captures } from './services/captures.ts';
import type { Mirrors } from './services/mirrors.ts';
import type { StationMoves } from './station-moves.ts';
import type { Status } from './status.ts';

/** The users and groups of this machine. */
export interface Accounts {
  /** The number of a user, or of a group, by its name; undefined when there is none. */
  readonly uid: (name: string) => number | undefined;
  readonly gid: (name: string) => number | undefined;
  readonly userName: (uid: number) => string | undefined;
  readonly groupName: (gid: number) => string | undefined;
}

/** A link to another machine, or a door for such. */
export interface ManagedLink {
  readonly id: number;
  /** As it was given. */
  readonly address: string;
  /** How it is, for people. */
  readonly state: string;
}

/** The links of a switch. */
export interface Links {
  readonly list: () => readonly ManagedLink[];
  /** Begins to open one by its address, with `plain` behind it where it leaves this machine, or says what is wrong with that. */
  readonly add: (argument: string) => Status;
  /** Ends one. Returns whether there was one. */
  readonly remove: (id: number) => boolean;
}

/** The parts that not every switch has. */
export interface Parts {
  readonly dhcp?: DhcpPart | undefined;
}

/** What a console is the console of. */
export interface Managed extends Parts {
  readonly switch: Switch;
  readonly ports: PortTable<Endpoint>;
  readonly taps: FrameTaps;
  readonly treeChanges: Feed<FstpChange>;
  readonly captures: Captures;
  readonly mirrors: Mirrors;
  readonly clock: Clock;
  readonly accounts: Accounts;
  readonly pid: number;
  /** Its directory, canonical, and the mode of the sockets in it. */
  readonly directory: string;
  readonly mode: number;
  /** The console's own socket. */
  readonly management?: { readonly path: string; readonly mode: number } | undefined;
  readonly links?: Links | undefined;
  /** The stations that are heard behind other ports than before. */
  readonly moves?: StationMoves | undefined;
  /** The size of the table of stations that is shown at first. Default: 128. */
  readonly hashSize?: number | undefined;
  /** The time as people here read it in a log: `Nov 24 06:20:01`. */
  readonly localTime: () => string;
  /** Ends the switch. */
  readonly shutdown: () => void;
}
