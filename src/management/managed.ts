import type { Clock } from '../clock.ts';
import type { Feed } from '../feed.ts';
import type { FstpChange, Switch } from '../switch/switch.ts';
import type { FrameTaps } from '../plane/frame-taps.ts';
import type { DhcpPart } from './parts/dhcp.ts';
import type { StarPart } from './parts/star.ts';
import type { Endpoint, PortTable } from './port-table.ts';
import type { AddressLog } from './services/address-log.ts';
import type { Captures } from './services/captures.ts';
import type { FrameReports } from './services/frame-reports.ts';
import type { Mirrors } from './services/mirrors.ts';
import type { Recording } from './services/recording.ts';
import type { StationSettings } from './services/station-settings.ts';
import type { Settings } from './settings/setting.ts';
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
  /** Whether it may leave this machine unencrypted. */
  readonly plain: boolean;
  /** How it is, for people. */
  readonly state: string;
}

/** The links of a switch. */
export interface Links {
  readonly list: () => readonly ManagedLink[];
  /**
   * Begins to open one by its address. Returns why it does not: EPERM for one beyond this machine that is not `plain`, EEXIST while there is
   * one with that address. One that failed or was closed is replaced.
   */
  readonly add: (address: string, options: { readonly plain: boolean }) => Status;
  /** Ends one. Returns whether there was one. */
  readonly remove: (id: number) => boolean;
}

/** The parts that not every switch has. */
export interface Parts {
  readonly dhcp?: DhcpPart | undefined;
  readonly star?: StarPart | undefined;
}

/** What a console is the console of. */
export interface Managed extends Parts {
  readonly switch: Switch;
  readonly ports: PortTable<Endpoint>;
  readonly taps: FrameTaps;
  readonly treeChanges: Feed<FstpChange>;
  readonly captures: Captures;
  readonly mirrors: Mirrors;
  /** The frames that are reported to listeners, and the frames that are written to a file: of all ports. */
  readonly frameReports: FrameReports;
  readonly recording: Recording;
  /** The ports of IP addresses. */
  readonly addresses: AddressLog;
  readonly stationSettings: StationSettings;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly accounts: Accounts;
  readonly pid: number;
  /** The time of its start, by the monotonic clock. */
  readonly startedAt: number;
  /** Its directory, canonical, and the mode of the sockets in it. */
  readonly directory: string;
  readonly mode: number;
  /** The console's own socket. */
  readonly management?: { readonly path: string; readonly mode: number } | undefined;
  readonly links?: Links | undefined;
  /** The stations that are heard behind other ports than before. */
  readonly moves?: StationMoves | undefined;
  /** Ends the switch. */
  readonly shutdown: () => void;
}
