import type { Feed } from '../../feed.ts';

/** The master of a star. */
export interface MasterView {
  readonly role: 'master';
  /** In the form `10.77.0.0/24`. */
  readonly network: string;
  /** The link address for slaves. */
  readonly link: string;
  /** The control address for slaves. */
  readonly control: string;
  /** The number of slaves that have an id. */
  readonly members: number;
  /** The number of slaves that are connected. */
  readonly joined: number;
  /** The numbers of joins and of refusals, since the master began. */
  readonly joins: number;
  readonly refusals: number;
  /** The number of pairs of slaves with a shortcut. */
  readonly shortcuts: number;
}

/** A slave of a star. Before the master has accepted it for the first time, only its role and the master's addresses are known. */
export interface SlaveView {
  readonly role: 'slave';
  /** The master's link address. */
  readonly master: string;
  /** The master's control address. */
  readonly control: string;
  readonly id: number | undefined;
  /** The MAC address of its guest. */
  readonly mac: string | undefined;
  /** The address reserved for its guest; undefined if that gets one from the pool. */
  readonly address: string | undefined;
  readonly network: string | undefined;
  /** Seconds since it joined; undefined while there is no connection to the master. */
  readonly joined: number | undefined;
  /** The number of times that it joined. */
  readonly joins: number;
  readonly link: StarLinkView | undefined;
  /** The number of shortcuts to other slaves. */
  readonly shortcuts: number;
}

/** A slave that has an id. */
export interface MemberView {
  readonly id: number;
  /** The MAC address of its guest. */
  readonly mac: string;
  /** The address reserved for its guest; undefined if that gets one from the pool. */
  readonly address: string | undefined;
  /** The address of its host, and the seconds since it joined; undefined while it is not connected. */
  readonly joined: { readonly from: string; readonly seconds: number } | undefined;
}

/** A link to another node of the star. */
export interface StarLinkView {
  readonly port: number;
  /** The far end. */
  readonly peer: string;
  readonly up: boolean;
  /** Seconds since it went up, or down. */
  readonly seconds: number;
  /** The counters since the last reset of its port. */
  readonly received: { readonly frames: number; readonly octets: number };
  readonly sent: { readonly frames: number; readonly octets: number };
  /** The frames that did not cross it, by reason. */
  readonly drops: Readonly<Record<string, number>>;
}

/** The guest of a node. */
export interface GuestView {
  readonly id: number;
  readonly mac: string;
  /** The process id of its QEMU, even after that has ended. */
  readonly pid: number;
  readonly state: 'booting' | 'booted' | 'ready' | 'ended';
  /** Its address from a DHCP server. */
  readonly address: string | undefined;
  /** The number of times that this node started it or took it over. */
  readonly starts: number;
}

/** A node of a star, as operations reach it. */
export interface StarPart {
  /** The states of the guest, as they change. Default: they are not told. */
  readonly guestChanges?: Feed<GuestView> | undefined;
  show(): MasterView | SlaveView;
  /** Returns the slaves that have an id, in the order of their ids. Only a master has this function. */
  members?(): readonly MemberView[];
  links(): readonly StarLinkView[];
  /** Returns undefined if no guest was started. */
  guest(): GuestView | undefined;
  /** Starts to end the guest; the end, or a failure, is logged. Returns false if no guest was started. */
  endGuest(): boolean;
  /** Starts to end the guest and start it again, even if it has ended. Returns false if no guest was started. */
  restartGuest(): boolean;
}
