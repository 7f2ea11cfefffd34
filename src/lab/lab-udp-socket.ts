import { EtherloomError } from '../errors.ts';
import type { UdpSocket } from '../host/udp-sockets.ts';
import { formatIpv4, type Ipv4Address } from '../wire/ipv4.ts';
import { formatHex } from '../wire/octets.ts';
import type { Fabric } from './fabric.ts';
import type { LabHost, PingTarget } from './lab-host.ts';
import type { Life } from './life.ts';

/** A datagram that a socket received. */
export interface LabDatagram {
  /** Who sent it, in text, and by which port. */
  readonly from: string;
  readonly port: number;
  readonly payload: Uint8Array;
  /** The payload as UTF-8. */
  readonly text: string;
}

/** That nobody listens to a port that a socket had sent to: ICMP, port unreachable. */
export interface LabRefusal {
  /** In milliseconds. */
  readonly time: number;
  /** The host that says so, in text, and its port. */
  readonly from: string;
  readonly port: number;
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
  #open = true;

  constructor(host: LabHost, port: number | undefined, program: UdpProgram | undefined, fabric: Fabric) {
    this.host = host;
    this.#program = program;
    this.#fabric = fabric;
    host.checkRunning();
    this.#life = host.life;
    this.#socket = fabric.act(
      () => `listen ${host.name} ${port ?? 'any'}`,
      () =>
        host.stack.udp(
          port,
          ({ source, sourcePort, payload }) => {
            const octets = payload.slice();
            this.#take({ from: formatIpv4(source), port: sourcePort, payload: octets, text: new TextDecoder().decode(octets) });
          },
          (from, closed) => this.#noteRefusal({ time: fabric.timeline.now, from: formatIpv4(from), port: closed }),
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

  /** What was refused of what it has sent, since nobody listens there; the last ones. */
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

  /** Sends a datagram; text as UTF-8. Nothing is sent once it is closed. Throws EtherloomError when it does not fit in one packet, or that is no port. */
  send(to: PingTarget, port: number, payload: Uint8Array | string): void {
    this.#fabric.checkOpen();
    if (!this.#open) return;
    const target: Ipv4Address = this.host.addressOf(to);
    const octets = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload.slice();
    this.#fabric.act(
      () => `udp ${this.host.name} ${this.port} ${formatIpv4(target)} ${port} ${formatHex(octets)}`,
      () => this.#socket.send(target, port, octets),
    );
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

  #closed(): EtherloomError {
    return new EtherloomError('bad-state', `no datagram comes to UDP port ${this.port} of ${this.host.name}: it is closed; open it again`);
  }

  #noteRefusal(refusal: LabRefusal): void {
    if (this.#refusals.length >= maxReceived) this.#refusals.shift();
    this.#refusals.push(refusal);
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
