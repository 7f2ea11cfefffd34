/** The UDP sockets by which tunnels send: many, so that the source port differs from flow to flow, as routers expect that share out flows. */
import { closeSync } from 'node:fs';
import { errnoOf } from '../../errors.ts';
import type { IpFamily } from '../../system/ip-address.ts';
import {
  bindIp,
  prepared,
  sendWithoutChecksum,
  setFragmentation,
  setGroupWay,
  setHops,
  setReceiveBuffer,
  udpSocket,
  type Fragmentation,
  type GroupWay,
} from '../../system/ip-socket.ts';
import { ownName } from '../../system/socket-name.ts';
import type { Fd } from '../../system/unix-socket.ts';
import { flowHash } from '../../wire/flow-hash.ts';
import type { PortEnvironment } from '../environment.ts';
import { DescriptorSocket, type PacketSender, type PacketSenders } from './packet-socket.ts';

/** The properties of the sockets. */
export interface UdpSendersOptions {
  readonly family: IpFamily;
  /** The address of this machine from which they send. Default: as the routes say. */
  readonly local?: string | undefined;
  /** True if packets over IPv4 have a UDP checksum; over IPv6 all have. Default: false, as RFC 7348 recommends. */
  readonly checksum?: boolean | undefined;
  /** The treatment of packets that are too long for their path. Default: they are refused. */
  readonly fragmentation?: Fragmentation | undefined;
  /** The way of packets to groups. */
  readonly groupWay?: GroupWay | undefined;
}

/** The most sockets. A UDP socket has one source port, so as many source ports are used. */
const mostSenders = 16;

/** The first port for dynamic use, and the number of those. [RFC 6335, 6; RFC 7348, 5] */
const firstPort = 49_152;
const portCount = 16_384;

/** How many ports are tried before any is good. */
const attempts = 16;

const hops = 64;

/**
 * Up to 16 UDP sockets, opened as flows need them. The flow of a frame chooses the socket, so frames of a flow stay in order.
 */
export class UdpSenders implements PacketSenders, Disposable {
  readonly family: IpFamily;
  readonly most = mostSenders;
  /** The source ports in use. */
  readonly ports = new Set<number>();
  readonly #options: UdpSendersOptions;
  readonly #environment: PortEnvironment;
  readonly #senders = new Array<DescriptorSocket | undefined>(mostSenders).fill(undefined);
  readonly #first: DescriptorSocket;

  /** Opens the first socket. Throws a SystemError. */
  constructor(options: UdpSendersOptions, environment: PortEnvironment) {
    this.family = options.family;
    this.#options = options;
    this.#environment = environment;
    this.#first = this.#senders[0] = this.#open();
  }

  senderOf(frame: Uint8Array): PacketSender {
    const i = flowHash(frame) % mostSenders;
    return (this.#senders[i] ??= this.#openOr(this.#first));
  }

  [Symbol.dispose](): void {
    for (const sender of this.#senders) sender?.[Symbol.dispose]();
  }

  /** Without descriptors for more sockets, one is enough. */
  #openOr(other: DescriptorSocket): DescriptorSocket {
    try {
      return this.#open();
    } catch {
      return other;
    }
  }

  #open(): DescriptorSocket {
    const { family, local, checksum = false, fragmentation = 'never', groupWay } = this.#options;
    const fd = boundSocket(family, local ?? (family === 4 ? '0.0.0.0' : '::'));
    setFragmentation(fd, family, fragmentation);
    setHops(fd, family, hops);
    if (!checksum && family === 4) sendWithoutChecksum(fd);
    if (groupWay) setGroupWay(fd, family, groupWay);
    // It is never read: answers go to the port of the protocol.
    setReceiveBuffer(fd, 0);
    this.ports.add(ownName(fd).port);
    return new DescriptorSocket({ fd, family }, this.#environment);
  }
}

/** Returns a socket with a port for dynamic use, which the system has chosen in part: it cannot be guessed. */
function boundSocket(family: IpFamily, local: string): Fd {
  for (let attempt = 1; ; attempt++) {
    const fd = boundTo(family, local, 0);
    const { port } = ownName(fd);
    if (port >= firstPort || attempt === attempts) return fd;
    closeSync(fd);
    try {
      return boundTo(family, local, firstPort + (port % portCount));
    } catch (error) {
      if (errnoOf(error) !== 'EADDRINUSE') throw error;
    }
  }
}

function boundTo(family: IpFamily, local: string, port: number): Fd {
  return prepared(udpSocket(family), (fd) => bindIp(fd, local, port));
}
