import { closeSync } from 'node:fs';
import type { Interest, Ready, Watch } from '../system/readiness.ts';
import type { Fd } from '../system/unix-socket.ts';
import { errnoName } from '../system/libc.ts';
import { hasHungUp, hasWaiting, setSendBuffer, takeSocketError, unreadOctets } from '../system/unix-socket.ts';
import type { BacklogLimits } from './pure/backlog.ts';
import type { PortEnvironment } from './environment.ts';
import { LossCount } from './pure/loss-count.ts';
import { Intake } from './pure/intake.ts';
import { newPortCounters, type PacedPort, type PortCounters, type Receiver } from './pure/port.ts';
import { SendQueue, type SendRefusal } from './pure/send-queue.ts';

/**
 * The send buffer requested from the kernel for each port, in octets. The kernel gives twice as much, or twice the system's `wmem_max` if
 * that is less. A larger one would be dangerous: a reader that stalls fills the kernel's memory, which no budget bounds.
 */
const sendBuffer = 2 ** 18;

/**
 * How many queued frames are still delivered after the peer closed. Larger than any socket queue, so it only stops a sender that continues.
 */
const lastWords = 16_384;

/** The errors of a send without a socket at the other end, or without a way to it. */
const peerGone: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTCONN',
  'EPERM',
  'EPIPE',
]);

/** The path of a port's frames, which may be too short for some of them. */
export interface FramePath {
  /** See Port. */
  readonly mtu: number | undefined;
  /** Handles a frame that the system refused as too long. Returns an answer to its sender, if one is due. */
  refuse(frame: Uint8Array): Uint8Array | undefined;
}

/** The socket of a port, and its properties. */
export interface DatagramPortOptions {
  /** A non-blocking socket that keeps frames apart: of unix, datagrams or sequenced packets, or of UDP. The port owns it from here. */
  readonly fd: Fd;
  readonly module: string;
  readonly description: string;
  /** True if the socket is connected to its peer. Default: true. */
  readonly connected?: boolean;
  readonly backlog?: BacklogLimits;
  /** The counters of its frames. Default: counters of its own. */
  readonly counters?: PortCounters | undefined;
  /** True for a socket of sequenced packets: the port ends when the other side has closed the connection. Default: false. */
  readonly connection?: boolean;
  /**
   * Called when a send finds no socket at the other end, with the errno's name. Returns true if the socket is now connected; then the send
   * is repeated once. Otherwise the port is down until `setConnected`. Default: the frames are lost, and the port stays up.
   */
  readonly reconnect?: (errno: string) => boolean;
  /** The errors of a send after which the port ends, each with the reason. Default: none. */
  readonly fatal?: ReadonlyMap<string, string>;
  /** Called with the name of an errno that waited on the socket: the network's answer to an earlier frame. */
  readonly refused?: ((errno: string) => void) | undefined;
  /** Returns the number of frames that the kernel has dropped before they were read. Default: the medium loses none. */
  readonly lost?: (fd: Fd) => number;
  /** Default: it carries all frames. */
  readonly path?: FramePath | undefined;
  /** Called once, when the port has ended for any reason. */
  readonly released?: () => void;
}

/**
 * A port on a socket that keeps frames apart, connected to one peer: one datagram is one frame. One system call receives all waiting frames,
 * and one sends all frames of a breath.
 */
export class DatagramPort implements PacedPort {
  readonly module: string;
  readonly description: string;
  readonly counters: PortCounters;
  readonly #environment: PortEnvironment;
  readonly #intake: Intake;
  readonly #queue: SendQueue;
  readonly #isConnection: boolean;
  readonly #reconnect: ((errno: string) => boolean) | undefined;
  readonly #fatal: ReadonlyMap<string, string> | undefined;
  readonly #refused: ((errno: string) => void) | undefined;
  readonly #losses: LossCount | undefined;
  readonly #path: FramePath | undefined;
  readonly #released: (() => void) | undefined;
  #fd: Fd;
  #watch: Watch | undefined;
  #connected: boolean;
  #listening = true;
  #open = true;
  /** The reason for which the port ends once the queued frames are delivered, and how many of them it still delivers. */
  #ending: { readonly reason: string; frames: number } | undefined;

  constructor(options: DatagramPortOptions, environment: PortEnvironment) {
    this.module = options.module;
    this.description = options.description;
    this.counters = options.counters ?? newPortCounters();
    this.#fd = options.fd;
    this.#environment = environment;
    this.#connected = options.connected ?? true;
    this.#isConnection = options.connection ?? false;
    this.#reconnect = options.reconnect;
    this.#fatal = options.fatal;
    this.#refused = options.refused;
    const { lost } = options;
    this.#losses = lost && new LossCount(this.counters, () => lost(this.#fd));
    this.#path = options.path;
    this.#released = options.released;
    this.#intake = new Intake(this.counters);
    this.#queue = new SendQueue({
      sink: { send: (frames, from, to) => this.#send(frames, from, to) },
      counters: this.counters,
      budget: environment.budget,
      limits: options.backlog,
      blocked: () => this.#watch?.want(this.#interest),
    });
    setSendBuffer(this.#fd, sendBuffer);
  }

  attach(receiver: Receiver): void {
    this.#intake.receiver = receiver;
    if (!this.#open) {
      receiver.closed('it had ended before it was attached');
      return;
    }
    this.#watch ??= this.#environment.loop.readiness.watch(this.#fd, this.#interest, this.#ready);
    receiver.carrier(this.#connected);
  }

  get mtu(): number | undefined {
    return this.#path?.mtu;
  }

  get waiting(): number {
    return this.#queue.waiting;
  }

  get arrived(): boolean {
    return !this.#open || (!this.#queue.blocked && unreadOctets(this.#fd) === 0);
  }

  listen(on: boolean): void {
    if (this.#listening === on) return;
    this.#listening = on;
    this.#watch?.want(this.#interest);
  }

  transmit(frame: Uint8Array): void {
    if (this.#connected && !this.#ending) this.#queue.add(frame);
    else this.counters.drops['no-carrier']++;
  }

  flush(): void {
    this.#queue.flush();
  }

  /** Has no effect on the other side, which the medium cannot inform. */
  enable(up: boolean): void {
    if (!up) this.#queue.drop('port-down');
  }

  /** Sets whether the socket is connected to a peer. Without one, frames are dropped, including waiting ones. */
  setConnected(connected: boolean): void {
    if (!connected) this.#queue.drop('no-carrier');
    this.#setCarrier(connected);
  }

  /** Continues with another socket, which it owns from here, once the old one is read. It must be connected: see `setConnected`. */
  moveTo(fd: Fd): void {
    for (let rest = lastWords; rest > 0 && this.#watch && hasWaiting(this.#fd); rest--) this.#environment.breath(this.#receive);
    this.#watch?.[Symbol.dispose]();
    closeSync(this.#fd);
    this.#fd = fd;
    setSendBuffer(fd, sendBuffer);
    this.#watch &&= this.#environment.loop.readiness.watch(fd, this.#interest, this.#ready);
  }

  /**
   * Ends the port, and calls its receiver, once the frames that the peer sent before are delivered; while the port does not listen, that is delayed.
   * It sends nothing more: the kernel discards frames that wait at a socket that sends to a closed peer.
   */
  endAfterReading(reason: string): void {
    if (!this.#watch || !this.#open || !hasWaiting(this.#fd)) {
      this.end(reason);
      return;
    }
    this.#ending = { reason, frames: lastWords };
    this.#queue.drop('no-carrier');
  }

  /** Ends the port and calls its receiver. */
  end(reason: string): void {
    if (!this.#open) return;
    void this[Symbol.asyncDispose]();
    this.#intake.receiver?.closed(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#connected = false;
      this.#watch?.[Symbol.dispose]();
      this.#queue[Symbol.dispose]();
      closeSync(this.#fd);
      this.#released?.();
    }
    return Promise.resolve();
  }

  get #interest(): Interest {
    return { readable: this.#listening, writable: this.#queue.blocked };
  }

  readonly #ready = (ready: Ready): void => {
    if (ready.failed) this.#tellError(takeSocketError(this.#fd));
    if (ready.readable || ready.failed) this.#environment.breath(this.#receive);
    if (this.#open && ready.writable) this.#queue.drain();
    if (this.#open && this.#ending && (this.#ending.frames <= 0 || !hasWaiting(this.#fd))) this.end(this.#ending.reason);
  };

  readonly #receive = (): void => {
    const { ring } = this.#environment.loop;
    const count = ring.receive(this.#fd);
    // An errno here means that the peer closed, or was not reached. The port lives on until its owner ends it.
    if (typeof count === 'string') {
      this.#refused?.(count);
      return;
    }
    if (this.#ending) this.#ending.frames -= count;
    let closed = false;
    for (let i = 0; i < count && this.#open; i++) {
      const frame = ring.frame(i);
      // The end of a connection reads as empty packets, without end.
      if (frame?.length === 0 && this.#isConnection && hasHungUp(this.#fd)) closed = true;
      else this.#intake.take(frame);
    }
    if (closed) this.endAfterReading('the other side has closed the connection');
    if (this.#open) this.#losses?.received(count);
  };

  #tellError(number: number): void {
    if (number !== 0) this.#refused?.(errnoName(number));
  }

  #send(frames: readonly Uint8Array[], from: number, to: number): number | SendRefusal {
    const { batch } = this.#environment.loop;
    let result = batch.send(this.#fd, frames, from, to);
    if (isGone(result) && this.#findPeer(result)) result = batch.send(this.#fd, frames, from, to);
    if (typeof result === 'number') return result;
    if (result === 'EMSGSIZE') return this.#refuse(frames[from]);
    const reason = this.#fatal?.get(result);
    if (reason !== undefined) {
      this.end(reason);
      return { why: 'no-carrier', frames: to - from };
    }
    return { why: 'send-failed', frames: isGone(result) ? to - from : 1 };
  }

  #refuse(frame: Uint8Array | undefined): SendRefusal {
    const answer = frame && this.#path?.refuse(frame);
    if (answer) this.#environment.breath(() => this.#intake.receiver?.receive(answer));
    return { why: 'oversize', frames: 1 };
  }

  #findPeer(errno: string): boolean {
    const found = this.#reconnect?.(errno);
    if (found === false) this.#setCarrier(false);
    return found === true;
  }

  #setCarrier(up: boolean): void {
    if (this.#connected === up) return;
    this.#connected = up;
    this.#intake.receiver?.carrier(up);
  }
}

function isGone(result: number | string): result is string {
  return typeof result === 'string' && peerGone.has(result);
}
