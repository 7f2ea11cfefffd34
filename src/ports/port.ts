/**
 * The seam between frames and the outside. A driver is a Port, or a Listener that yields Ports; whoever joins ports to a switch (the
 * daemon's data plane) is the Receiver of each. Drivers differ only behind this file.
 */

import type { Peer } from './peer.ts';

/** The number of a switch port. 0 is the management port; clients are given 1 and up. */
export type PortNumber = number;

/** The largest frame that datagram ports carry, in octets: an MTU of 9,216, the Ethernet header and one 802.1Q tag. */
export const maxFrame = 9234;

/** A way for frames in and out. Sending never waits and never throws. */
export interface Port {
  /** The kind of driver, in the console's words: `unix prog`, `tuntap`, `tcp`, `qemu`. */
  readonly module: string;
  /** Who is on the other side, for people. */
  readonly description: string;
  readonly counters: PortCounters;
  /** Begins delivery to `receiver`. A port reads nothing before this. Called again, it changes the receiver. */
  attach(receiver: Receiver): void;
  /** Takes a frame for sending. Borrowed: the port may keep it only until `flush`. Called only inside a breath. */
  transmit(frame: Uint8Array): void;
  /** Hands all that was taken since the last flush to the other side, and copies what that would not take at once. */
  flush(): void;
  /**
   * Tells the driver that its switch takes the port down, or up again; a port is up at first. While it is down the switch transmits nothing,
   * and drops what it receives. The driver drops what waits for the other side, counts that, and tells the other side if its medium can.
   */
  enable(up: boolean): void;
  /** Ends the port and frees what it holds; the receiver is not told. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A port whose other side can be made to wait: frames that are not read stay where they are, as long as there is room for them. */
export interface PacedPort extends Port {
  /** What was transmitted and the system has not taken yet, in octets. */
  readonly waiting: number;
  /** Whether all that was transmitted gets there even if this side ends now. */
  readonly arrived: boolean;
  /** Whether frames are read. They are from the beginning on. */
  listen(on: boolean): void;
}

/** Where a port delivers. */
export interface Receiver {
  /**
   * A frame came in: a plain Uint8Array, never a Buffer, whose `slice` is no copy. Borrowed: its octets are valid until the breath
   * ends, and nobody writes to them. Called only inside a breath.
   */
  receive(frame: Uint8Array): void;
  /** The other side became reachable, or is gone for now; a new port is up. */
  carrier(up: boolean): void;
  /** The port has ended by itself; nothing comes any more. `reason` is for people. */
  closed(reason: string): void;
}

/** Runs `work` as one breath: frames may be received and transmitted, and all touched ports are flushed at its end. Nests. */
export type Breath = (work: () => void) => void;

/** What a client of a listener asks for. */
export type PortWish = 'any' | 'management' | PortNumber;

/** Why a client gets no port. */
export interface Denial {
  readonly reason:
    | 'all-in-use' // clients are at all ports
    | 'none-open' // some ports are free, but not for this user, or only for clients that name them
    | 'no-such-port' // the switch has fewer ports
    | 'no-management' // the switch is not managed
    | 'reserved' // the port is for another user or group
    | 'other-user' // a client of another user is at the port
    | 'crowded'; // as many clients are at the port as may be
  /** How many ports the switch has, beside the management port. */
  readonly ports: number;
}

/** Returns why a client with this wish gets no port, and what to do, for people. */
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

/** The owner of a switch's ports, which gives new ones their place. */
export interface Acceptor {
  /**
   * Returns the number that a client with this wish would get, or why it gets none. Changes nothing; the answer holds until control
   * goes back to the event loop.
   */
  choose(wish: PortWish, peer: Peer): PortNumber | Denial;
  /** Puts the port at that number, beside the ports that may be there already. */
  accept(port: Port, number: PortNumber, peer: Peer): void;
}

/** A socket that yields ports to an Acceptor until it is disposed. */
export interface Listener {
  /** Where clients connect, as they would write it. */
  readonly address: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Why a port did not carry a frame. */
export type PortDrop =
  | 'backlog-age' // it had waited too long for the other side to read
  | 'backlog-full' // the other side does not read, and what we keep for it is full
  | 'budget-full' // what is kept for all ports together is full
  | 'malformed' // something that is no frame came: a text message of a WebSocket
  | 'no-carrier' // the other side is not there
  | 'port-down' // the switch has taken the port down: see `Port.enable`
  | 'oversize' // longer than the port carries; dropped whole, never cut
  | 'runt' // shorter than an Ethernet header
  | 'send-failed'; // the system refused it

/** Counts of frames that crossed the port, or did not. Each grows only. */
export interface PortCounters {
  receivedFrames: number;
  receivedOctets: number;
  sentFrames: number;
  sentOctets: number;
  /** How often a link had to be ended because what came over it made no sense. */
  faults: number;
  readonly drops: Record<PortDrop, number>;
}

/** Counters at zero. */
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
      runt: 0,
      'send-failed': 0,
    },
  };
}
