import { EtherloomError } from '../errors.ts';
import type { Random } from '../random.ts';
import { minFrame } from '../wire/ethernet.ts';
import { unreachableCodes, type UnreachablePacket } from '../wire/icmp.ts';
import { ipProtocols, type Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { readUint16 } from '../wire/octets.ts';
import type { Udp } from '../wire/udp.ts';

/** A datagram that came. */
export interface Datagram {
  readonly source: Ipv4Address;
  readonly sourcePort: number;
  /** The host's address, or a broadcast address. */
  readonly destination: Ipv4Address;
  /** Who sent the frame: the source, or a router on the way from it. */
  readonly via: MacAddress;
  /** Borrowed: its octets are valid until the call returns. */
  readonly payload: Uint8Array;
}

/** What is told each datagram for a port. */
export type UdpReceiver = (datagram: Datagram) => void;

/** What is told that nobody listens to a port that something was sent to, as that host says. */
export type UdpRefusal = (host: Ipv4Address, port: number) => void;

interface Listener {
  readonly receive: UdpReceiver;
  readonly refused: UdpRefusal | undefined;
}

/** A port of a host that somebody listens to. Disposing it closes the port. */
export interface UdpSocket extends Disposable {
  readonly port: number;
  /**
   * Sends a datagram from this port, unless that is closed. Throws EtherloomError: `bad-option` when it does not fit in one packet,
   * `bad-address` for a number that is no port.
   */
  send(to: Ipv4Address, port: number, payload: Uint8Array): void;
}

/** What a host's sockets are made of. */
export interface UdpSocketsOptions {
  readonly random: Random;
  /** The most that a datagram may hold, in octets. */
  readonly maxPayload: number;
  readonly send: (to: Ipv4Address, udp: Udp) => void;
}

/** The ports for whoever names none. [RFC 6335, 6] */
const ephemeral = { first: 49_152, count: 16_384 };

/** Who listens to which UDP port of a host. [RFC 1122, 4.1] */
export class UdpSockets {
  readonly #options: UdpSocketsOptions;
  readonly #open = new Map<number, Listener>();

  constructor(options: UdpSocketsOptions) {
    this.#options = options;
  }

  /**
   * Opens a port, or one that is free. Throws EtherloomError: `busy` when it is open already or none is free, and `bad-address` for a
   * number that is no port.
   */
  open(wanted: number | undefined, receive: UdpReceiver, refused?: UdpRefusal): UdpSocket {
    const port = wanted ?? this.#freePort();
    checkPort(port);
    if (this.#open.has(port)) throw new EtherloomError('busy', `UDP port ${port} is already open; close it first, or choose another one`);
    // One of its own: whoever opens a port twice may give the same function.
    const own: Listener = { receive, refused };
    this.#open.set(port, own);
    return {
      port,
      send: (to, destinationPort, payload) => {
        if (this.#open.get(port) === own) this.#send(to, { sourcePort: port, destinationPort, payload });
      },
      [Symbol.dispose]: () => {
        if (this.#open.get(port) === own) this.#open.delete(port);
      },
    };
  }

  /** Whether the packet in a frame is for a port that is open, as far as that is seen without taking it apart. */
  hears(frame: Uint8Array): boolean {
    if (this.#open.size === 0 || frame[minFrame + 9] !== ipProtocols.udp) return false;
    const headerLength = ((frame[minFrame] ?? 0) & 0xf) * 4;
    return this.#open.has(readUint16(frame, minFrame + headerLength + 2));
  }

  /** A datagram for this host came. False when its port is closed. */
  receive(port: number, datagram: Datagram): boolean {
    const listener = this.#open.get(port);
    listener?.receive(datagram);
    return listener !== undefined;
  }

  /** A host says that a packet of ours was not reached: where it is for a closed port, the socket that sent it is told. */
  refuse({ code, protocol, destination, start }: UnreachablePacket): void {
    if (protocol !== ipProtocols.udp || code !== unreachableCodes.port) return;
    this.#open.get(readUint16(start, 0))?.refused?.(destination, readUint16(start, 2));
  }

  #send(to: Ipv4Address, udp: Udp): void {
    const { maxPayload, send } = this.#options;
    // Who wants no answer sends from port 0, and whoever answers all the same does no harm.
    if (udp.destinationPort !== 0) checkPort(udp.destinationPort);
    if (udp.payload.length > maxPayload) {
      throw new EtherloomError(
        'bad-option',
        `cannot send ${udp.payload.length} octets in one UDP datagram: this link carries at most ${maxPayload}; send less at a time`,
      );
    }
    send(to, udp);
  }

  #freePort(): number {
    const { first, count } = ephemeral;
    const start = this.#options.random.uint32() % count;
    for (let tried = 0; tried < count; tried++) {
      const port = first + ((start + tried) % count);
      if (!this.#open.has(port)) return port;
    }
    throw new EtherloomError('busy', `all UDP ports from ${first} on are open; close some`);
  }
}

function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 1 || port > 0xffff)
    throw new EtherloomError('bad-address', `${port} is not a UDP port; use 1 to 65535`);
}
