/** Sockets on IP that carry the packets of tunnels to and from many remotes. */
import { closeSync } from 'node:fs';
import type { AddressKey, IpFamily } from '../../system/ip-address.ts';
import { lostPackets } from '../../system/ip-socket.ts';
import type { Packet } from '../../system/packets.ts';
import type { Ready, Watch } from '../../system/readiness.ts';
import type { Fd } from '../../system/unix-socket.ts';
import type { PortEnvironment } from '../environment.ts';

/** One socket by which packets leave. It keeps them in order. */
export interface PacketSender {
  /**
   * Sends packets from index `from` on.
   * @returns how many were taken, in order; 0 if it must wait; or the errno's name for the refusal of the first (EMSGSIZE, EHOSTUNREACH).
   */
  send(packets: readonly Packet[], from: number): number | string;
  /** Sets whether `room` is called when it can take packets again. Each user has a function of its own. */
  await(room: () => void, wanted: boolean): void;
}

/** Chooses the sockets by which the packets of a port leave. */
export interface PacketSenders {
  readonly family: IpFamily;
  /** The most senders that it has. */
  readonly most: number;
  /** Returns the sender of a frame: the same for all frames of a flow. */
  senderOf(frame: Uint8Array): PacketSender;
}

/**
 * Takes a received payload, without the IP or UDP header; undefined if it was too long to be received whole. It is borrowed until the
 * breath ends. A raw socket's source port is 0.
 */
export type PacketHandler = (payload: Uint8Array | undefined, source: AddressKey, sourcePort: number) => void;

/** A socket that receives packets of one protocol from many remotes. */
export interface PacketReceiver extends Disposable {
  /** Begins to receive. `handler` is called inside breaths. */
  listen(handler: PacketHandler): void;
  /** For use by the handler: returns the payload from octet `from` on, as a view that is sent on without a copy where that is possible. */
  rest(from: number): Uint8Array;
  /** The number of packets that the kernel has dropped, because the socket was full, since it was opened. */
  readonly lost: number;
}

/** The properties of a socket by descriptor. */
export interface DescriptorSocketOptions {
  /** A non-blocking UDP or raw socket, which it owns from here. */
  readonly fd: Fd;
  readonly family: IpFamily;
  /** True if its packets begin with their IP header, as those of raw IPv4 sockets do. Default: false. */
  readonly headed?: boolean;
}

const noOctets = new Uint8Array(0);

/** A packet socket by a descriptor: many packets with one system call. It can send and receive. */
export class DescriptorSocket implements PacketSender, PacketSenders, PacketReceiver {
  readonly family: IpFamily;
  readonly most = 1;
  readonly fd: Fd;
  readonly #headed: boolean;
  readonly #environment: PortEnvironment;
  readonly #awaiting = new Set<() => void>();
  #handler: PacketHandler | undefined;
  #watch: Watch | undefined;
  /** The packet that the handler has, and the length of its IP header. */
  #packet = 0;
  #header = 0;
  #open = true;

  constructor({ fd, family, headed = false }: DescriptorSocketOptions, environment: PortEnvironment) {
    this.fd = fd;
    this.family = family;
    this.#headed = headed;
    this.#environment = environment;
  }

  get lost(): number {
    return this.#open ? lostPackets(this.fd) : 0;
  }

  senderOf(): this {
    return this;
  }

  send(packets: readonly Packet[], from: number): number | string {
    return this.#environment.loop.packetBatch.send(this.fd, packets, from);
  }

  await(room: () => void, wanted: boolean): void {
    if (wanted) this.#awaiting.add(room);
    else this.#awaiting.delete(room);
    this.#look();
  }

  listen(handler: PacketHandler): void {
    this.#handler = handler;
    this.#look();
  }

  rest(from: number): Uint8Array {
    return this.#environment.loop.packets.packet(this.#packet, this.#header + from) ?? noOctets;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#watch?.[Symbol.dispose]();
    closeSync(this.fd);
  }

  /** Watches the descriptor, for reading if there is a handler, for room if there are users that wait. */
  #look(): void {
    if (!this.#open) return;
    const interest = { readable: this.#handler !== undefined, writable: this.#awaiting.size > 0 };
    if (this.#watch) this.#watch.want(interest);
    else if (interest.readable || interest.writable) {
      this.#watch = this.#environment.loop.readiness.watch(this.fd, interest, this.#ready);
    }
  }

  readonly #ready = (ready: Ready): void => {
    if (ready.readable || ready.failed) this.#environment.breath(this.#receive);
    if (ready.writable) for (const room of [...this.#awaiting]) room();
  };

  readonly #receive = (): void => {
    const { packets } = this.#environment.loop;
    const count = packets.receive(this.fd);
    // An errno is an ICMP error for an earlier packet, which anyone could have forged. It is taken by this, and means nothing.
    if (typeof count === 'string') return;
    for (let packet = 0; packet < count && this.#open; packet++) {
      this.#packet = packet;
      this.#header = this.#headed ? ipv4HeaderLength(packets.firstOctet(packet)) : 0;
      this.#handler?.(packets.packet(packet, this.#header), packets.source(packet), packets.sourcePort(packet));
    }
  };
}

/** Returns the length of the IPv4 header with which a packet begins, in octets, by the IHL in its first octet. */
export function ipv4HeaderLength(first: number): number {
  return (first & 0xf) * 4;
}
