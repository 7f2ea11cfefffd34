import { EtherloomError } from '../errors.ts';
import type { UdpSocket } from '../host/udp-sockets.ts';
import { formatIp, isIpv6, type IpAddress } from '../wire/ip.ts';
import { formatHex } from '../wire/octets.ts';
import type { Fabric } from './fabric.ts';
import type { LabHost, PingTarget } from './lab-host.ts';
import type { Life } from './life.ts';
import { readAddressText } from './names.ts';
import { checkCount } from './numbers.ts';
import { checkOptions, formatLine, formatWords, type Wording } from './words.ts';

/** How a socket is, where it differs from any. */
export interface LabUdpOptions {
  /** The address that it receives at and sends by, in text: one of the host's, or a group's, which is received at alone. Default: all. */
  readonly address?: string;
  /** Whether hosts that it sends to are meant by their link-local IPv6 addresses. Default: false, and true where `address` is one of IPv6. */
  readonly ipv6?: boolean;
  /** Whether what it sends may not be in fragments, so that it tells of links on the way that are too narrow. Default: false. */
  readonly dontFragment?: boolean;
  /** How many hops go the datagrams that it sends to groups. Default: 1. */
  readonly multicastTtl?: number;
  /** Whether what it sends to a group that its host is a member of comes back. Default: true, as kernels do. */
  readonly multicastLoopback?: boolean;
}

/** A datagram that a socket received. */
export interface LabDatagram {
  /** Who sent it, in text, and by which port. */
  readonly from: string;
  readonly port: number;
  /** The address that it was sent to, in text: the host's, that of all, or a group's. */
  readonly to: string;
  readonly payload: Uint8Array;
  /** The payload as UTF-8. */
  readonly text: string;
}

/** That what a socket had sent was refused, as ICMP says: nobody listens to the port, or it was too long for a link on the way. */
export interface LabRefusal {
  /** In milliseconds. */
  readonly time: number;
  /** The host that it was sent to, in text, and its port. */
  readonly from: string;
  readonly port: number;
  /** Where it was too long: how many octets a packet on this way may have, headers and all. */
  readonly mtu?: number;
}

/** What is done with each datagram; `socket.send` answers. It may be asynchronous; what it throws or rejects with ends the run. */
export type UdpProgram = (datagram: LabDatagram, socket: LabUdpSocket) => unknown;

/** Somebody who waits for a datagram. */
interface Reader {
  readonly resolve: (datagram: LabDatagram) => void;
  readonly reject: (error: Error) => void;
}

/** A socket keeps so many datagrams that it received, the last ones. */
const maxReceived = 1024;

/** A UDP socket of a host. Disposing it closes the port. */
export class LabUdpSocket implements Disposable {
  readonly host: LabHost;
  readonly #program: UdpProgram | undefined;
  readonly #fabric: Fabric;
  readonly #socket: UdpSocket;
  #received: LabDatagram[] = [];
  readonly #refusals: LabRefusal[] = [];
  /** Of those, the last ones that `receive` has not given to anybody yet. */
  #unread = 0;
  readonly #readers: Reader[] = [];
  readonly #life: Life;
  readonly #usesIpv6: boolean;
  #open = true;

  constructor(host: LabHost, port: number | undefined, program: UdpProgram | undefined, options: LabUdpOptions = {}, fabric: Fabric) {
    checkOptions(options, udpOptionWords);
    const { address: text, ipv6, multicastTtl = 1, ...rest } = options;
    checkCount('the TTL of datagrams to groups', multicastTtl, 0, 255);
    const address = text === undefined ? undefined : readAddressText(text);
    if (address !== undefined) host.checkFamily(address);
    this.#usesIpv6 = ipv6 ?? (address !== undefined && isIpv6(address));
    this.host = host;
    this.#program = program;
    this.#fabric = fabric;
    host.checkRunning();
    this.#life = host.life;
    this.#socket = fabric.act(
      () => formatLine('listen', host.name, `${port ?? 'any'}`, formatWords({ ...options, ipv6: undefined })),
      () =>
        host.stack.udp(
          port,
          ({ source, sourcePort, destination, payload }) => {
            const octets = payload.slice();
            const [from, to, content] = [formatIp(source), formatIp(destination), new TextDecoder().decode(octets)];
            this.#take({ from, port: sourcePort, to, payload: octets, text: content });
          },
          (from, closed, mtu) => this.#noteRefusal(formatIp(from), closed, mtu),
          { ...rest, multicastTtl, ...(address !== undefined && { address }) },
        ),
    );
    this.#life.hold(this);
  }

  get port(): number {
    return this.#socket.port;
  }

  /** The last datagrams that it received, the oldest first. */
  get received(): readonly LabDatagram[] {
    return this.#received.slice(-maxReceived);
  }

  /** What was refused of what it has sent; the last ones. */
  get refusals(): readonly LabRefusal[] {
    return this.#refusals;
  }

  /**
   * The oldest datagram that nobody was given by this yet, of the last 1,024; waits until there is one. Rejects with EtherloomError('bad-state') when
   * the socket is closed.
   */
  receive(): Promise<LabDatagram> {
    const datagram = this.#unread === 0 ? undefined : this.#received.at(-this.#unread--);
    if (datagram) return Promise.resolve(datagram);
    if (!this.#open) return Promise.reject(this.#closed());
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /**
   * Sends a datagram to an address, of IPv4, IPv6 or a group; text as UTF-8. Nothing is sent once it is closed. Throws EtherloomError when it does
   * not fit in one packet, or that is no port.
   */
  send(to: PingTarget, port: number, payload: Uint8Array | string): void {
    this.#fabric.checkOpen();
    if (!this.#open) return;
    const target: IpAddress = this.host.targetOf(to, this.#usesIpv6);
    this.host.checkFamily(target);
    const octets = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload.slice();
    this.#fabric.act(
      () => `udp ${this.host.name} ${this.port} ${formatIp(target)} ${port} ${formatHex(octets)}`,
      () => this.#socket.send(target, port, octets),
    );
  }

  /** Receives from now on what is sent to a group, `239.1.2.3` or `ff02::123`. Throws EtherloomError('bad-address') for another address. */
  join(group: string): void {
    this.#member('join', group);
  }

  /** Receives it no more. */
  leave(group: string): void {
    this.#member('leave', group);
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#life.forget(this);
    if (this.#fabric.timeline.closed || !this.#life.alive) {
      this.#socket[Symbol.dispose]();
      return;
    }
    this.#fabric.act(
      () => `close ${this.host.name} ${this.port}`,
      () => this.#socket[Symbol.dispose](),
    );
    // Whoever is dead, or of a network that is no more, is told nothing.
    for (const { reject } of this.#readers.splice(0)) reject(this.#closed());
  }

  #member(change: 'join' | 'leave', text: string): void {
    this.#fabric.checkOpen();
    if (!this.#open) return;
    const group = readAddressText(text);
    this.host.checkFamily(group);
    this.#fabric.act(
      () => `${change} ${this.host.name} ${this.port} ${formatIp(group)}`,
      () => this.#socket[change](group),
    );
  }

  #closed(): EtherloomError {
    return new EtherloomError('bad-state', `no datagram comes to UDP port ${this.port} of ${this.host.name}: it is closed; open it again`);
  }

  #noteRefusal(from: string, port: number, mtu: number | undefined): void {
    if (this.#refusals.length >= maxReceived) this.#refusals.shift();
    this.#refusals.push({ time: this.#fabric.timeline.now, from, port, ...(mtu !== undefined && { mtu }) });
  }

  #take(datagram: LabDatagram): void {
    this.#received.push(datagram);
    if (this.#received.length >= 2 * maxReceived) this.#received = this.#received.slice(-maxReceived);
    const [program, reader] = [this.#program, this.#readers.shift()];
    if (!reader) this.#unread = Math.min(this.#unread + 1, maxReceived);
    if (program) this.#fabric.timeline.tell(() => this.#life.call(() => program(datagram, this)));
    if (reader) this.#fabric.timeline.tell(() => this.#life.call(() => reader.resolve(datagram)));
  }
}

/** The options of a UDP socket, as the notation has them. */
export const udpWords = {
  ...{ address: 'text', dontFragment: 'flag', multicastTtl: 'number', multicastLoopback: 'flag' },
} as const satisfies Partial<Wording<LabUdpOptions>>;

/** The options of a UDP socket. */
export const udpOptionWords = { ...udpWords, ipv6: 'flag' } as const satisfies Wording<LabUdpOptions>;
