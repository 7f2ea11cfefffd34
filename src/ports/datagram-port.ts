import { closeSync } from 'node:fs';
import type { Interest, Ready, Watch } from '../system/readiness.ts';
import type { Fd } from '../system/unix-socket.ts';
import { hasWaiting, setSendBuffer, takeSocketError, unreadOctets } from '../system/unix-socket.ts';
import { minFrame } from '../wire/ethernet.ts';
import { Backlog, type BacklogLimits } from './backlog.ts';
import type { PortEnvironment } from './environment.ts';
import { maxFrame, newPortCounters, type PacedPort, type PortCounters, type PortDrop, type Receiver } from './port.ts';

/**
 * Asked of the kernel for each port, in octets: it gives twice as much, or twice the system's `wmem_max` if that is less. No more, since
 * it is the kernel's memory that a reader takes who does not read, and no budget bounds that.
 */
const sendBuffer = 2 ** 18;

/** How many frames of a peer that is gone are heard at most: more than ever wait, should somebody go on to send. */
const lastWords = 16_384;

/** What a send refuses with when nobody is at the other end. */
const peerGone: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTCONN', 'EPERM', 'EPIPE', 'ENOENT']);

/** The socket of a port, and what is to be known of it. */
export interface DatagramPortOptions {
  /** A non-blocking datagram socket; the port owns it from here. */
  readonly fd: Fd;
  readonly module: string;
  readonly description: string;
  /** Whether the socket is connected to its peer. Default: true. */
  readonly connected?: boolean;
  readonly backlog?: BacklogLimits;
  /** Where its frames are counted. Default: counters of its own. */
  readonly counters?: PortCounters | undefined;
  /**
   * Called when a send finds nobody at the other end. Returns whether the socket is connected to somebody now: then it is sent once
   * more. Else the port is down until `setConnected`. Default: the frames are lost, and the port stays up.
   */
  readonly reconnect?: () => boolean;
  /** Called once, when the port has ended, whoever ended it. */
  readonly released?: () => void;
}

/** A port on a unix datagram socket: one datagram is one frame. All that waits is received, and sent, by one system call. */
export class DatagramPort implements PacedPort {
  readonly module: string;
  readonly description: string;
  readonly counters: PortCounters;
  readonly #environment: PortEnvironment;
  readonly #backlog: Backlog;
  readonly #reconnect: (() => boolean) | undefined;
  readonly #released: (() => void) | undefined;
  #fd: Fd;
  #pending: Uint8Array[] = [];
  #receiver: Receiver | undefined;
  #watch: Watch | undefined;
  #connected: boolean;
  #listening = true;
  #open = true;
  /** Why the port ends as soon as what waits was heard, and how many frames more that may be. */
  #ending: { readonly reason: string; frames: number } | undefined;

  constructor(options: DatagramPortOptions, environment: PortEnvironment) {
    this.module = options.module;
    this.description = options.description;
    this.counters = options.counters ?? newPortCounters();
    this.#fd = options.fd;
    this.#environment = environment;
    this.#connected = options.connected ?? true;
    this.#reconnect = options.reconnect;
    this.#released = options.released;
    this.#backlog = new Backlog(environment.budget, options.backlog, (frames, why) => {
      this.counters.drops[why] += frames;
    });
    setSendBuffer(this.#fd, sendBuffer);
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    if (!this.#open) {
      receiver.closed('it had ended before anybody listened');
      return;
    }
    this.#watch ??= this.#environment.loop.readiness.watch(this.#fd, this.#interest, this.#ready);
    receiver.carrier(this.#connected);
  }

  get waiting(): number {
    return this.#backlog.octets;
  }

  get arrived(): boolean {
    return !this.#open || (this.#backlog.count === 0 && unreadOctets(this.#fd) === 0);
  }

  listen(on: boolean): void {
    if (this.#listening === on) return;
    this.#listening = on;
    this.#watch?.want(this.#interest);
  }

  transmit(frame: Uint8Array): void {
    if (!this.#connected || this.#ending) this.counters.drops['no-carrier']++;
    else if (frame.length > maxFrame) this.counters.drops.oversize++;
    else if (frame.length < minFrame) this.counters.drops.runt++;
    else this.#pending.push(frame);
  }

  flush(): void {
    const frames = this.#pending;
    if (frames.length === 0) return;
    this.#pending = [];
    // What waits goes first, or frames would overtake each other.
    const sent = this.#backlog.count > 0 ? 0 : this.#send(frames);
    if (sent === frames.length || !this.#open) return;
    for (const frame of frames.slice(sent)) {
      const drop = this.#backlog.add(frame);
      if (drop) this.counters.drops[drop]++;
    }
    this.#watch?.want(this.#interest);
  }

  /** The medium cannot tell the other side. */
  enable(up: boolean): void {
    if (!up) this.#dropBacklog('port-down');
  }

  /** Tells the port that its socket is connected now, or that nobody is at the other end; then frames are dropped, those that wait as well. */
  setConnected(connected: boolean): void {
    if (!connected) this.#dropBacklog('no-carrier');
    this.#setCarrier(connected);
  }

  /** Goes on with another socket, which it owns from here, when what came at the old one was heard. To be connected, see `setConnected`. */
  moveTo(fd: Fd): void {
    for (let rest = lastWords; rest > 0 && this.#watch && hasWaiting(this.#fd); rest--) this.#environment.breath(this.#receive);
    this.#watch?.[Symbol.dispose]();
    closeSync(this.#fd);
    this.#fd = fd;
    setSendBuffer(fd, sendBuffer);
    this.#watch &&= this.#environment.loop.readiness.watch(fd, this.#interest, this.#ready);
  }

  /**
   * Ends the port, and tells its receiver, when what its peer sent before was heard: while it does not listen, that is later. Nothing is sent any
   * more: the kernel throws away what waits at a socket that sends to a peer that is gone.
   */
  endAfterReading(reason: string): void {
    if (!this.#watch || !this.#open || !hasWaiting(this.#fd)) {
      this.end(reason);
      return;
    }
    this.#ending = { reason, frames: lastWords };
    this.counters.drops['no-carrier'] += this.#pending.length;
    this.#pending = [];
    this.#dropBacklog('no-carrier');
  }

  /** Ends the port and tells its receiver. */
  end(reason: string): void {
    if (!this.#open) return;
    void this[Symbol.asyncDispose]();
    this.#receiver?.closed(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#connected = false;
      this.#watch?.[Symbol.dispose]();
      this.#backlog.clear();
      this.#pending = [];
      closeSync(this.#fd);
      this.#released?.();
    }
    return Promise.resolve();
  }

  get #interest(): Interest {
    return { readable: this.#listening, writable: this.#backlog.count > 0 };
  }

  readonly #ready = (ready: Ready): void => {
    if (ready.failed) takeSocketError(this.#fd);
    if (ready.readable || ready.failed) this.#environment.breath(this.#receive);
    if (this.#open && ready.writable) this.#drainBacklog();
    if (this.#ending && (this.#ending.frames <= 0 || !hasWaiting(this.#fd))) this.end(this.#ending.reason);
  };

  readonly #receive = (): void => {
    const { ring } = this.#environment.loop;
    const count = ring.receive(this.#fd);
    // An errno here is the peer's going: what is sent next tells, and the port lives on until its owner ends it.
    if (typeof count === 'string') return;
    if (this.#ending) this.#ending.frames -= count;
    for (let i = 0; i < count && this.#open; i++) {
      const frame = ring.frame(i);
      if (!frame) this.counters.drops.oversize++;
      else if (frame.length < minFrame) this.counters.drops.runt++;
      else {
        this.counters.receivedFrames++;
        this.counters.receivedOctets += frame.length;
        this.#receiver?.receive(frame);
      }
    }
  };

  /** Sends from the first on, and tells how many are done with: sent, or refused and counted. */
  #send(frames: readonly Uint8Array[]): number {
    let done = 0;
    let again = true;
    while (done < frames.length) {
      const result = this.#environment.loop.batch.send(this.#fd, frames, done);
      if (result === 0) return done;
      if (typeof result === 'string') {
        const gone = peerGone.has(result);
        if (gone && again && this.#findPeer()) {
          again = false;
          continue;
        }
        const refused = gone ? frames.length - done : 1;
        this.counters.drops['send-failed'] += refused;
        done += refused;
        continue;
      }
      for (let i = done; i < done + result; i++) this.counters.sentOctets += frames[i]?.length ?? 0;
      this.counters.sentFrames += result;
      done += result;
    }
    return done;
  }

  #findPeer(): boolean {
    const found = this.#reconnect?.();
    if (found === false) this.#setCarrier(false);
    return found === true;
  }

  #setCarrier(up: boolean): void {
    if (this.#connected === up) return;
    this.#connected = up;
    this.#receiver?.carrier(up);
  }

  #drainBacklog(): void {
    for (let frames = this.#backlog.first(); frames.length > 0; frames = this.#backlog.first()) {
      const sent = this.#send(frames);
      this.#backlog.shift(sent);
      if (sent < frames.length) return;
    }
    this.#watch?.want(this.#interest);
  }

  #dropBacklog(why: PortDrop): void {
    this.counters.drops[why] += this.#backlog.clear();
    this.#watch?.want(this.#interest);
  }
}
