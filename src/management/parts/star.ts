/** The master of a star. */
export interface MasterView {
  readonly role: 'master';
  /** As `10.77.0.0/24`. */
  readonly network: string;
  /** The address where slaves link. */
  readonly link: string;
  /** The address where slaves ask to be accepted. */
  readonly control: string;
  /** The number of slaves that have an id. */
  readonly members: number;
  /** The number of slaves that are connected now. */
  readonly joined: number;
  /** The number of times that a slave joined, or was refused, since the master began. */
  readonly joins: number;
  readonly refusals: number;
}

/** A slave of a star. All but the role and the master's address is undefined before the master has accepted it for the first time. */
export interface SlaveView {
  readonly role: 'slave';
  /** The master's address, where this slave links. */
  readonly master: string;
  /** The master's address, where this slave asks. */
  readonly control: string;
  readonly id: number | undefined;
  /** The MAC address of its guest. */
  readonly mac: string | undefined;
  /** The address that is kept for its guest; undefined for one of the pool. */
  readonly address: string | undefined;
  readonly network: string | undefined;
  /** Seconds since it joined; undefined while the master is not reached. */
  readonly joined: number | undefined;
  /** The number of times that it joined. */
  readonly joins: number;
  readonly link: StarLinkView | undefined;
}

/** A slave that has an id. */
export interface MemberView {
  readonly id: number;
  /** The MAC address of its guest. */
  readonly mac: string;
  /** The address that is kept for its guest; undefined for one of the pool. */
  readonly address: string | undefined;
  /** Where it is connected from, and for how many seconds; undefined while it is not. */
  readonly joined: { readonly from: string; readonly seconds: number } | undefined;
}

/** A link to another node of the star. */
export interface StarLinkView {
  readonly port: number;
  /** The far end. */
  readonly peer: string;
  readonly up: boolean;
  /** Seconds that it has been up, or down. */
  readonly seconds: number;
  /** Since the counters of its port were last reset. */
  readonly received: { readonly frames: number; readonly octets: number };
  readonly sent: { readonly frames: number; readonly octets: number };
  /** Frames that did not cross it, by reason. */
  readonly drops: Readonly<Record<string, number>>;
}

/** The guest of a node. */
export interface GuestView {
  readonly id: number;
  readonly mac: string;
  /** The process of its QEMU, also of one that ended. */
  readonly pid: number;
  readonly state: 'booting' | 'booted' | 'ready' | 'ended';
  /** The address that it has from a DHCP server. */
  readonly address: string | undefined;
  /** The number of times that this node started it or found it running. */
  readonly starts: number;
}

/** A node of a star, as it is managed. */
export interface StarPart {
  show(): MasterView | SlaveView;
  /** Returns the slaves that have an id, in the order of their ids. Only a master knows them. */
  members?(): readonly MemberView[];
  links(): readonly StarLinkView[];
  /** Returns undefined where no guest was started. */
  guest(): GuestView | undefined;
  /** Begins to end the guest; the log says when that is done, or why it failed. Returns false where none was started. */
  endGuest(): boolean;
  /** Begins to end the guest and to start it again, also one that has ended. Returns false where none was started. */
  restartGuest(): boolean;
}
