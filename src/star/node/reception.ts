import { closeSync } from 'node:fs';
import type { Timer } from '../../clock.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import { onceAMinute } from '../../ports/once-a-minute.ts';
import { formatTcpAddress } from '../../ports/tcp-address.ts';
import type { SocketName } from '../../system/ip-address.ts';
import type { Ready, Watch } from '../../system/readiness.ts';
import { peerName } from '../../system/socket-name.ts';
import { closeAfterReading, peek, setLeastReadable } from '../../system/tcp-socket.ts';
import { hasHungUp, type Fd } from '../../system/unix-socket.ts';
import { decisiveLength, judgeFirstOctets, type FirstOctets } from './first-octets.ts';
import type { Established, Handshake, Security } from './handshake.ts';
import { HandshakeQueue, type Turn } from './handshake-queue.ts';
import { originOf, WaitingRoom, type Waiting } from './waiting-room.ts';
import type { WorkShare } from './work-budget.ts';

/** A connection that was accepted. */
export interface Arrival {
  readonly fd: Fd;
  /** The address of the far end. */
  readonly peer: SocketName;
  /** The same, for people. */
  readonly from: string;
}

/** The bounds of connections whose far ends are not known yet. */
export interface ReceptionBounds {
  /** The most of them at a time. Default: 64. */
  readonly places: number;
  /** How long one may stay unknown, in milliseconds. Default: 5,000. */
  readonly patience: number;
  /** How long a connection may be silent before it counts as a plain link, in milliseconds. Default: 1,000. */
  readonly silence: number;
  /** The time that handshakes may take. */
  readonly share?: WorkShare;
}

/** The usual bounds. */
export const usualBounds: ReceptionBounds = { places: 64, patience: 5000, silence: 1000 };

/** The makers of handshakes, and the takers of connections. */
export interface ReceptionOptions {
  readonly security: Pick<Security, 'accept'>;
  readonly bounds: ReceptionBounds;
  /** Returns whether members last came from this origin. */
  readonly isFamiliar: (origin: string) => boolean;
  /** Returns whether a silent connection is taken as a plain link. If not, it may become one of TLS until its time is over. */
  readonly takesSilent: (arrival: Arrival) => boolean;
  /** Takes a plain connection, and its descriptor, with all octets still unread. */
  readonly plain: (arrival: Arrival, kind: 'control' | 'link') => void;
  /** Takes a secured connection. Its channel owns the descriptor. */
  readonly secured: (arrival: Arrival, established: Established) => void;
}

/** A connection in the reception. */
interface Visit extends Waiting, Arrival, Turn {
  isOpen: boolean;
  watch?: Watch;
  timers: readonly Timer[];
  handshake?: Handshake;
}

/** The place where new connections wait until their far ends are known: by their first octets, and by a handshake. */
export class Reception implements Disposable {
  readonly #options: ReceptionOptions;
  readonly #environment: PortEnvironment;
  readonly #room: WaitingRoom<Visit>;
  readonly #queue: HandshakeQueue;
  readonly #warn: ReturnType<typeof onceAMinute>;

  constructor(options: ReceptionOptions, environment: PortEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.#room = new WaitingRoom(options.bounds.places);
    this.#queue = new HandshakeQueue(environment.clock, options.bounds.share);
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
  }

  /** The number of connections whose far ends are not known yet. */
  get size(): number {
    return this.#room.size;
  }

  /** Takes a new connection. Closes it, or another one, if there are too many. */
  enter(fd: Fd): void {
    const arrival = arrivalOf(fd);
    if (!arrival) return;
    const origin = originOf(arrival.peer.host);
    const familiar = this.#options.isFamiliar(origin);
    const visit: Visit = { ...arrival, origin, familiar, isOpen: true, timers: [], run: () => this.#step(visit) };
    const crowdedOut = this.#room.enter(visit);
    if (crowdedOut) this.#close(crowdedOut, `all ${this.#options.bounds.places} places for handshakes are taken`);
    if (visit.isOpen) this.#begin(visit);
  }

  [Symbol.dispose](): void {
    this.#queue[Symbol.dispose]();
    for (const visit of [...this.#room]) this.#end(visit);
  }

  #begin(visit: Visit): void {
    const { clock, loop } = this.#environment;
    const { silence, patience } = this.#options.bounds;
    setLeastReadable(visit.fd, decisiveLength);
    visit.watch = loop.readiness.watch(visit.fd, { readable: true, writable: false }, (ready) => this.#ready(visit, ready));
    visit.timers = [
      clock.after(silence, () => this.#breakSilence(visit)),
      clock.after(patience, () => this.#close(visit, `it was not known after ${patience / 1000} s`)),
    ];
  }

  #ready(visit: Visit, { failed }: Ready): void {
    if (failed) this.#close(visit, 'the connection broke');
    else if (visit.handshake) this.#await(visit);
    else this.#look(visit);
  }

  /** Judges the first octets of a connection that has enough of them, or has ended. */
  #look(visit: Visit): void {
    const kind = this.#kindOf(visit);
    if (kind === 'tls') this.#shake(visit);
    else if (kind !== 'undecided') this.#takePlain(visit, kind);
    else if (hasHungUp(visit.fd)) this.#close(visit, 'it closed the connection before it said enough');
  }

  #kindOf({ fd }: Visit): FirstOctets {
    const octets = peek(fd, decisiveLength);
    return octets instanceof Uint8Array ? judgeFirstOctets(octets) : 'undecided';
  }

  #breakSilence(visit: Visit): void {
    if (visit.handshake) return;
    const kind = this.#kindOf(visit);
    if (kind === 'tls') this.#shake(visit);
    else if (kind === 'control') this.#takePlain(visit, kind);
    else if (this.#options.takesSilent(visit)) this.#takePlain(visit, 'link');
  }

  #takePlain(visit: Visit, kind: 'control' | 'link'): void {
    setLeastReadable(visit.fd, 1);
    this.#release(visit);
    this.#options.plain(visit, kind);
  }

  #shake(visit: Visit): void {
    setLeastReadable(visit.fd, 1);
    visit.handshake = this.#options.security.accept(visit.fd);
    this.#await(visit);
  }

  /** Lets a handshake wait for its turn. */
  #await(visit: Visit): void {
    visit.watch?.want({ readable: false, writable: false });
    this.#queue.add(visit);
  }

  #step(visit: Visit): void {
    const state = visit.handshake?.step();
    if (state?.is === 'waiting') {
      visit.watch?.want({ readable: state.until === 'readable', writable: state.until === 'writable' });
    } else if (state?.is === 'done') {
      this.#release(visit);
      this.#options.secured(visit, state.established);
    } else if (state) this.#close(visit, state.reason);
  }

  /** Closes a connection whose far end did not become known. */
  #close(visit: Visit, reason: string): void {
    this.#end(visit);
    this.#warn(`closed a connection from ${visit.from}: ${reason}`, { key: reason });
  }

  #end(visit: Visit): void {
    if (!visit.isOpen) return;
    this.#release(visit);
    visit.handshake?.[Symbol.dispose]();
    closeAfterReading(visit.fd);
  }

  /** Ends the wait of a connection, and gives back its place. */
  #release(visit: Visit): void {
    visit.isOpen = false;
    this.#room.leave(visit);
    this.#queue.remove(visit);
    for (const timer of visit.timers) timer[Symbol.dispose]();
    visit.watch?.[Symbol.dispose]();
  }
}

/** Returns an accepted connection with its address. Closes it, and returns undefined, if it has already ended. */
export function arrivalOf(fd: Fd): Arrival | undefined {
  try {
    const peer = peerName(fd);
    return { fd, peer, from: formatTcpAddress(peer) };
  } catch {
    closeSync(fd);
    return undefined;
  }
}
