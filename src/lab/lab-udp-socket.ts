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

/** The options of a socket. */
export interface LabUdpOptions {
  /**
   * The address at which it receives and from which it sends, in text: one of the host's, or a group's, at which it only receives. Default:
   * all.
   */
  readonly address?: string;
  /** True if it addresses hosts by their link-local IPv6 addresses. Default: false, and true if `address` is one of IPv6. */
  readonly ipv6?: boolean;
  /** True if its packets must not be sent in fragments, so that links that are too narrow refuse them. Default: false. */
  readonly dontFragment?: boolean;
  /** The number of hops for datagrams to groups. Default: 1. */
  readonly multicastTtl?: number;
  /** True if its packets to a group of which its host is a member are also delivered to the host. Default: true, as in kernels. */
  readonly multicastLoopback?: boolean;
}

/** A datagram that a socket received. */
export interface LabDatagram {
  /** The address of the sender, in text; its port follows. */
  readonly from: string;
  readonly port: number;
  /** The destination address, in text: the host's, the broadcast address, or a group's. */
  readonly to: string;
  readonly payload: Uint8Array;
  /** The payload as UTF-8. */
  readonly text: string;
}

/** The refusal of a sent datagram, as ICMP reports it: the port is closed, or it was too long for a link on the way. */
export interface LabRefusal {
  /** In milliseconds. */
  readonly time: number;
  /** The host to which it was sent, in text, and its port. */
  readonly from: string;
  readonly port: number;
  /** If it was too long: how many octets a packet on this way may have, with all headers. */
  readonly mtu?: number;
}

/** Called with each datagram; `socket.send` answers. It may be asynchronous; an error or rejection ends the run. */
export type UdpProgram = (datagram: LabDatagram, socket: LabUdpSocket) => unknown;

/** A caller that waits for a datagram. */
interface Reader {
  readonly resolve: (datagram: LabDatagram) => void;
  readonly reject: (error: Error) => void;
}

/** The most received datagrams that a socket keeps, the last ones. */
const maxReceived = 1024;

/** A UDP socket of a host. Disposing it closes the port. */
export class LabUdpSocket implements Disposable {
  readonly host: LabHost;
  readonly #program: UdpProgram | undefined;
  readonly #fabric: Fabric;
  readonly #socket: UdpSocket;
  #received: LabDatagram[] = [];
  readonly #refusals: LabRefusal[] = [];
  /** The number of the last ones that `receive` has not returned yet. */
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

  /** The last refusals of its datagrams. */
  get refusals(): readonly LabRefusal[] {
    return this.#refusals;
  }

  /**
   * Returns the oldest datagram that it has not returned yet, of the last 1,024; waits until there is one. Rejects with
   * EtherloomError('bad-state') if the socket is closed.
   */
  receive(): Promise<LabDatagram> {
    const datagram = this.#unread === 0 ? undefined : this.#received.at(-this.#unread--);
    if (datagram) return Promise.resolve(datagram);
    if (!this.#open) return Promise.reject(this.#closed());
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /**
   * Sends a datagram to an address, of IPv4, IPv6 or a group; text as UTF-8. A closed socket sends nothing. Throws EtherloomError if it
   * does not fit in one packet, or the port number is invalid.
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

  /** Receives datagrams to a group from now on, `239.1.2.3` or `ff02::123`. Throws EtherloomError('bad-address') for another address. */
  join(group: string): void {
    this.#member('join', group);
  }

  /** Ends the reception of that group. */
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
    // Callers that are dead, or in a disposed network, are not called.
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
  address: 'text',
  dontFragment: 'flag',
  multicastTtl: 'number',
  multicastLoopback: 'flag',
} as const satisfies Partial<Wording<LabUdpOptions>>;

/** The options of a UDP socket. */
export const udpOptionWords = { ...udpWords, ipv6: 'flag' } as const satisfies Wording<LabUdpOptions>;
