/**
 * The seam between frames and the outside. A driver is a Port, or a Listener that yields Ports. The Receiver of each is the part that joins
 * ports to a switch, such as the daemon's data plane. Drivers differ only behind this file.
 */

import type { Peer } from './peer.ts';

/** The number of a switch port. 0 is the management port; clients are given 1 and up. */
export type PortNumber = number;

/** The largest frame that datagram ports carry, in octets: an MTU of 9,216, the Ethernet header and one 802.1Q tag. */
export const maxFrame = 9234;

/** A path for frames in and out. Sending never waits and never throws. */
export interface Port {
  /** The kind of driver, in the console's words: `unix prog`, `tuntap`, `tcp`, `qemu`. */
  readonly module: string;
  /** A description of the other side, for people. */
  readonly description: string;
  readonly counters: PortCounters;
  /**
   * The longest packet that reaches the other side whole in an untagged frame, in octets; a VLAN tag takes 4 of them. It may change.
   * Undefined if only the longest frame limits it.
   */
  readonly mtu?: number | undefined;
  /** Begins delivery to `receiver`. A port reads nothing before this. A second call changes the receiver. */
  attach(receiver: Receiver): void;
  /** Takes a frame for sending. Borrowed: the port may keep it only until `flush`. Called only inside a breath. */
  transmit(frame: Uint8Array): void;
  /** Passes all frames taken since the last flush to the other side, and copies those for which it has no room. */
  flush(): void;
  /**
   * Tells the driver that its switch takes the port down, or up again; a port is up at first. While it is down the switch transmits
   * nothing, and drops received frames. The driver drops and counts the frames that wait for the other side, and informs the other side if
   * its medium can.
   */
  enable(up: boolean): void;
  /** Ends the port and frees its resources; the receiver is not called. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A port whose other side can be made to wait: unread frames remain where they are, as long as there is room for them. */
export interface PacedPort extends Port {
  /** The octets that were transmitted and that the system has not taken yet. */
  readonly waiting: number;
  /** True if all transmitted frames arrive even if this side ends now. */
  readonly arrived: boolean;
  /** Sets whether frames are read. At first they are. */
  listen(on: boolean): void;
}

/** The target of a port's frames and events. */
export interface Receiver {
  /**
   * Called with each received frame: a plain Uint8Array, never a Buffer, whose `slice` does not copy. It is borrowed: its octets are valid
   * until the breath ends, and must not be written to. Called only inside a breath.
   */
  receive(frame: Uint8Array): void;
  /** Called when the other side became reachable, or unreachable for now; a new port is up. */
  carrier(up: boolean): void;
  /** Called when the port has ended by itself; it delivers nothing more. `reason` is for people. */
  closed(reason: string): void;
}

/** Runs `work` as one breath: frames may be received and transmitted, and all touched ports are flushed at its end. Nests. */
export type Breath = (work: () => void) => void;

/** A client's request to a listener. */
export type PortWish = 'any' | 'management' | PortNumber;

/** The reason why a client gets no port. */
export interface Denial {
  readonly reason:
    | 'all-in-use' // clients are at all ports
    | 'none-open' // some ports are free, but not for this user, or only for clients that name them
    | 'no-such-port' // the switch has fewer ports
    | 'no-management' // the switch is not managed
    | 'reserved' // the port is for another user or group
    | 'other-user' // the port has the most clients allowed
    | 'crowded'; // as many clients are at the port as may be
  /** The number of ports that the switch has, without the management port. */
  readonly ports: number;
}

/** Returns why a client with this wish gets no port, and a remedy, for people. */
export function denialText({ reason, ports }: Denial, wish: PortWish): string {
  const port = wish === 'management' ? 'the management port' : `port ${wish}`;
  const more = 'start the switch with a higher --numports (-n)';
  switch (reason) {
    case 'all-in-use':
      return ports === 0 ? `the switch has the management port only; ${more}` : `all ${ports} ports of the switch are in use; ${more}`;
    case 'none-open':
      return `the free ports of the switch are reserved (port/setuser, port/setgroup, port/create); name a port of this user, or ${more}`;
    case 'no-such-port':
      return `the switch does not have ${port}: its ports are 1 to ${ports}; ${more}`;
    case 'no-management':
      return 'this switch has no management port';
    case 'reserved':
      return `${port} is reserved for another user or group (port/setuser, port/setgroup)`;
    case 'other-user':
      return `${port} is in use by a client of another user`;
    case 'crowded':
      return `${port} has as many clients as one port can have`;
  }
}

/** The owner of a switch's ports, which assigns new ones to their numbers. */
export interface Acceptor {
  /**
   * Returns the number that a client with this wish would get, or why it gets none. Has no side effects; the answer holds until control
   * returns to the event loop.
   */
  choose(wish: PortWish, peer: Peer): PortNumber | Denial;
  /** Adds the port at that number, beside other ports there. */
  accept(port: Port, number: PortNumber, peer: Peer): void;
}

/** A socket that yields ports to an Acceptor until it is disposed. */
export interface Listener {
  /** The address at which clients connect, as they would write it. */
  readonly address: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The reason why a port did not carry a frame. */
export type PortDrop =
  | 'backlog-age' // it had waited too long for the other side to read
  | 'backlog-full' // the other side does not read, and the backlog kept for it is full
  | 'budget-full' // the backlogs of all ports together are full
  | 'malformed' // the other side sent something other than a frame: a text message of a WebSocket, a faulty header of a tunnel
  | 'no-carrier' // the other side is not connected
  | 'port-down' // the switch has taken the port down: see `Port.enable`
  | 'oversize' // longer than the port carries; dropped whole, never cut
  | 'receive-overflow' // the kernel dropped it before it was read: the socket was full
  | 'runt' // shorter than an Ethernet header
  | 'send-failed' // the system refused it
  | 'stranger'; // it came from a host that is not one of the port's remotes, or belongs to another network

/** Counts of frames that crossed the port, or did not. They only grow. */
export interface PortCounters {
  receivedFrames: number;
  receivedOctets: number;
  sentFrames: number;
  sentOctets: number;
  /** The number of links that had to be ended because of invalid input. */
  faults: number;
  readonly drops: Record<PortDrop, number>;
}

/** Returns counters at zero. */
export function newPortCounters(): PortCounters {
  return {
    receivedFrames: 0,
    receivedOctets: 0,
    sentFrames: 0,
    sentOctets: 0,
    faults: 0,
    drops: {
      'backlog-age': 0,
      'backlog-full': 0,
      'budget-full': 0,
      malformed: 0,
      'no-carrier': 0,
      'port-down': 0,
      oversize: 0,
      'receive-overflow': 0,
      runt: 0,
      'send-failed': 0,
      stranger: 0,
    },
  };
}
