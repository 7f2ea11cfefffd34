import { closeSync } from 'node:fs';
import type { PortEnvironment } from '../../ports/environment.ts';
import { onceAMinute } from '../../ports/once-a-minute.ts';
import { formatTcpAddress } from '../../ports/tcp-address.ts';
import type { SocketName } from '../../system/ip-address.ts';
import type { Ready, Watch } from '../../system/readiness.ts';
import { peerName } from '../../system/socket-name.ts';
import { closeAfterReading, peek, setLeastReadable, type Peeked } from '../../system/tcp-socket.ts';
import { hasHungUp, type Fd } from '../../system/unix-socket.ts';
import { Deadlines } from './deadlines.ts';
import { decisiveLength, judgeFirstOctets, lengthOfHello, type FirstOctets } from './first-octets.ts';
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

/**
 * How long a handshake counts as under way, in milliseconds: in a crowd it does not lose its place to one that has yet to begin. A far end that
 * takes longer may be a stranger's.
 */
const handshakeTime = 1000;

/** A connection in the reception. */
interface Visit extends Waiting, Arrival, Turn {
  isOpen: boolean;
  isBegun: boolean;
  isUnderWay: boolean;
  /** True once its first octets were those of TLS. */
  isTls: boolean;
  watch: Watch | undefined;
  handshake: Handshake | undefined;
}

/** The place where new connections wait until their far ends are known: by their first octets, and by a handshake. */
export class Reception implements Disposable {
  readonly #options: ReceptionOptions;
  readonly #environment: PortEnvironment;
  readonly #room: WaitingRoom<Visit>;
  readonly #queue: HandshakeQueue;
  readonly #silent: Deadlines<Visit>;
  readonly #unknown: Deadlines<Visit>;
  readonly #stalled: Deadlines<Visit>;
  readonly #warn: ReturnType<typeof onceAMinute>;

  constructor(options: ReceptionOptions, environment: PortEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.#room = new WaitingRoom(options.bounds.places);
    this.#queue = new HandshakeQueue(environment.clock, options.bounds.share);
    const { silence, patience } = options.bounds;
    this.#silent = new Deadlines(environment.clock, silence, (visit) => this.#breakSilence(visit));
    this.#unknown = new Deadlines(environment.clock, patience, (visit) =>
      this.#close(visit, `it was not known after ${patience / 1000} s`),
    );
    this.#stalled = new Deadlines(environment.clock, handshakeTime, (visit) => (visit.isUnderWay = false));
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
  }

  /** The number of connections whose far ends are not known yet. */
  get size(): number {
    return this.#room.size;
  }

  /**
   * Takes a new connection, which must count as readable when `decisiveLength` octets wait: see `setLeastReadable`. Closes it, or another one,
   * if there are too many.
   */
  enter(fd: Fd): void {
    const arrival = arrivalOf(fd);
    if (!arrival) return;
    const origin = originOf(arrival.peer.host);
    const familiar = this.#options.isFamiliar(origin);
    const { peer, from } = arrival;
    const run = (): void => this.#step(visit);
    const visit: Visit = {
      fd,
      peer,
      from,
      origin,
      familiar,
      isOpen: true,
      isTls: false,
      isBegun: false,
      isUnderWay: false,
      watch: undefined,
      handshake: undefined,
      run,
    };
    const crowdedOut = this.#room.enter(visit);
    if (crowdedOut) this.#close(crowdedOut, `all ${this.#options.bounds.places} places for handshakes are taken`);
    if (visit.isOpen) this.#begin(visit);
  }

  [Symbol.dispose](): void {
    this.#queue[Symbol.dispose]();
    this.#silent[Symbol.dispose]();
    this.#unknown[Symbol.dispose]();
    this.#stalled[Symbol.dispose]();
    for (const visit of [...this.#room]) this.#end(visit);
  }

  #begin(visit: Visit): void {
    const { readiness } = this.#environment.loop;
    visit.watch = readiness.watch(visit.fd, { readable: true, writable: false }, (ready) => this.#ready(visit, ready));
    this.#silent.begin(visit);
    this.#unknown.begin(visit);
  }

  #ready(visit: Visit, { failed }: Ready): void {
    if (failed) this.#close(visit, 'the connection broke');
    else if (visit.isTls) this.#await(visit);
    else this.#look(visit);
  }

  /** Judges the first octets of a connection that has enough of them, or has ended. */
  #look(visit: Visit): void {
    const octets = peek(visit.fd, decisiveLength);
    const kind = kindOf(octets);
    if (kind === 'tls') awaitHello(visit, octets);
    else if (kind !== 'undecided') this.#takePlain(visit, kind);
    else if (hasHungUp(visit.fd)) this.#close(visit, 'it closed the connection before it said enough');
  }

  #breakSilence(visit: Visit): void {
    if (visit.isTls) return;
    const kind = kindOf(peek(visit.fd, decisiveLength));
    if (kind === 'control') this.#takePlain(visit, kind);
    else if (this.#options.takesSilent(visit)) this.#takePlain(visit, 'link');
  }

  #takePlain(visit: Visit, kind: 'control' | 'link'): void {
    setLeastReadable(visit.fd, 1);
    this.#release(visit);
    this.#options.plain(visit, kind);
  }

  /** Lets a handshake wait for its turn. */
  #await(visit: Visit): void {
    visit.watch?.want({ readable: false, writable: false });
    this.#queue.add(visit);
  }

  #step(visit: Visit): void {
    const state = (visit.handshake ??= this.#beginHandshake(visit)).step();
    if (state.is === 'waiting') {
      visit.watch?.want({ readable: state.until === 'readable', writable: state.until === 'writable' });
    } else if (state.is === 'done') {
      this.#release(visit);
      this.#options.secured(visit, state.established);
    } else this.#close(visit, state.reason);
  }

  #beginHandshake(visit: Visit): Handshake {
    visit.isBegun = true;
    visit.isUnderWay = true;
    this.#stalled.begin(visit);
    setLeastReadable(visit.fd, 1);
    return this.#options.security.accept(visit.fd);
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
    this.#silent.end(visit);
    this.#unknown.end(visit);
    this.#stalled.end(visit);
    visit.watch?.[Symbol.dispose]();
  }
}

function kindOf(octets: Peeked): FirstOctets {
  return octets instanceof Uint8Array ? judgeFirstOctets(octets) : 'undecided';
}

/** Waits for the whole ClientHello. Until then a stranger has cost no memory of OpenSSL, and hardly any time. */
function awaitHello(visit: Visit, octets: Peeked): void {
  visit.isTls = true;
  if (octets instanceof Uint8Array) setLeastReadable(visit.fd, lengthOfHello(octets));
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
