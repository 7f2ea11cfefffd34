import type { Clock } from '../clock.ts';
import type { Feed } from '../feed.ts';
import type { FstpChange, Switch } from '../switch/switch.ts';
import type { FrameTaps } from '../plane/frame-taps.ts';
import type { Events } from './events.ts';
import type { Metrics } from './metrics.ts';
import type { DhcpPart } from './parts/dhcp.ts';
import type { GroupPart } from './parts/group.ts';
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
  /** Returns the number of a user, or of a group, by its name; undefined if there is none. */
  readonly uid: (name: string) => number | undefined;
  readonly gid: (name: string) => number | undefined;
  readonly userName: (uid: number) => string | undefined;
  readonly groupName: (gid: number) => string | undefined;
}

/** A port at an address that the console opened, or a listener for ports. */
export interface ManagedLink {
  readonly id: number;
  /** The address as it was given. */
  readonly address: string;
  /** True if it was given `plain`: it may leave this machine unencrypted. */
  readonly plain: boolean;
  /** The state, for people. */
  readonly state: string;
  /** The MTU of its port, in octets: see Port. Undefined if there is no port, or only the longest frame limits it. */
  readonly mtu?: number | undefined;
}

/** The links of a switch. */
export interface Links {
  readonly list: () => readonly ManagedLink[];
  /**
   * Starts to open a link by its address. Returns the reason if that is refused: EINVAL for an address that is not valid, EPERM for one beyond
   * this machine without `plain` or `plain=yes` in it, EEXIST if there is a link with that address. A link that failed or was closed is
   * replaced.
   */
  readonly add: (address: string, options: { readonly plain: boolean }) => Status;
  /** Returns what an address uses with the service's rights, in words, such as a path; undefined if it uses networks alone, or is not valid. */
  readonly usesOf: (address: string) => string | undefined;
  /** Ends a link. Returns true if there was one. */
  readonly remove: (id: number) => boolean;
}

/** The optional parts of a switch. */
export interface Parts {
  readonly dhcp?: DhcpPart | undefined;
  readonly star?: StarPart | undefined;
  readonly group?: GroupPart | undefined;
}

/** The managed switch, as consoles and other faces use it. */
export interface Managed extends Parts {
  readonly switch: Switch;
  readonly ports: PortTable<Endpoint>;
  readonly taps: FrameTaps;
  readonly treeChanges: Feed<FstpChange>;
  readonly captures: Captures;
  readonly mirrors: Mirrors;
  /** The reports of frames to listeners, and the recording of frames to a file, both for all ports. */
  readonly frameReports: FrameReports;
  readonly recording: Recording;
  /** The ports of IP addresses. */
  readonly addresses: AddressLog;
  readonly stationSettings: StationSettings;
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly events: Events;
  /** The names of operations that changed something, as they are run. */
  readonly performed: Feed<string>;
  readonly clock: Clock;
  readonly accounts: Accounts;
  readonly pid: number;
  /** The time of its start, by the monotonic clock. */
  readonly startedAt: number;
  /** The canonical path of its directory, and the mode of the sockets in it. */
  readonly directory: string;
  readonly mode: number;
  /** The console's own socket. */
  readonly management?: { readonly path: string; readonly mode: number } | undefined;
  readonly links?: Links | undefined;
  /** The stations that moved to other ports. */
  readonly moves?: StationMoves | undefined;
  /** Ends the switch. */
  readonly shutdown: () => void;
}
