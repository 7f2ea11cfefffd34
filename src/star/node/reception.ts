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
import { Row } from './row.ts';
import { mostMembersPlaces, originOf, WaitingRoom, type Waiting } from './waiting-room.ts';
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
  /** The most of them at a time, but for those that wait in places of members; and the most handshakes under way. Default: 64. */
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
  /** Returns the number of members that last came from this origin. */
  readonly membersOf: (origin: string) => number;
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
  /** The handshakes under way. */
  readonly #begun: WaitingRoom<Visit>;
  /** Those that had their turn to begin while all places of handshakes were taken. */
  readonly #postponed = new Row<Visit>();
  readonly #queue: HandshakeQueue;
  readonly #silent: Deadlines<Visit>;
  readonly #unknown: Deadlines<Visit>;
  readonly #stalled: Deadlines<Visit>;
  readonly #warn: ReturnType<typeof onceAMinute>;

  constructor(options: ReceptionOptions, environment: PortEnvironment) {
    this.#options = options;
    this.#environment = environment;
    const { places, share, silence, patience } = options.bounds;
    this.#room = new WaitingRoom({ places, membersPlaces: mostMembersPlaces });
    this.#begun = new WaitingRoom({ places });
    this.#queue = new HandshakeQueue(environment.clock, share);
    this.#silent = new Deadlines(environment.clock, silence, (visit) => this.#breakSilence(visit));
    this.#unknown = new Deadlines(environment.clock, patience, (visit) =>
      this.#close(visit, `it was not known after ${patience / 1000} s`),
    );
    this.#stalled = new Deadlines(environment.clock, handshakeTime, (visit) => this.#stall(visit));
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
    const members = this.#options.membersOf(origin);
    const { peer, from } = arrival;
    const run = (): void => this.#step(visit);
    const visit: Visit = {
      fd,
      peer,
      from,
      origin,
      members,
      familiar: members > 0,
      isOpen: true,
      isTls: false,
      isBegun: false,
      isUnderWay: false,
      watch: undefined,
      handshake: undefined,
      run,
    };
    const crowdedOut = this.#room.enter(visit);
    if (crowdedOut) this.#crowdOut(crowdedOut);
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
    const octets = peek(visit.fd, decisiveLength);
    const kind = kindOf(octets);
    // After a standstill of this process the time is over before the octets are noticed.
    if (kind === 'tls') awaitHello(visit, octets);
    else if (kind === 'control') this.#takePlain(visit, kind);
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
    if (!visit.isBegun && !this.#mayBegin(visit)) {
      this.#postponed.add(visit);
      return;
    }
    const state = (visit.handshake ??= this.#beginHandshake(visit)).step();
    if (state.is === 'waiting') {
      visit.watch?.want({ readable: state.until === 'readable', writable: state.until === 'writable' });
    } else if (state.is === 'done') {
      this.#release(visit);
      this.#options.secured(visit, state.established);
    } else this.#close(visit, state.reason);
  }

  /** Takes a place for a handshake. One that is under way gives its place to another origin only: its work would be wasted. */
  #mayBegin(visit: Visit): boolean {
    visit.isUnderWay = true;
    const loser = this.#begun.loserTo(visit);
    visit.isUnderWay = loser === undefined || (loser !== visit && !(loser.isUnderWay && loser.origin === visit.origin));
    if (!visit.isUnderWay) return false;
    if (loser) this.#crowdOut(loser);
    this.#begun.enter(visit);
    return true;
  }

  /** Lets a handshake take its place that had its turn when all were taken. */
  #resume(): void {
    const { first } = this.#postponed;
    if (!first) return;
    this.#postponed.remove(first);
    this.#queue.add(first);
  }

  #stall(visit: Visit): void {
    visit.isUnderWay = false;
    this.#resume();
  }

  #beginHandshake(visit: Visit): Handshake {
    visit.isBegun = true;
    this.#stalled.begin(visit);
    setLeastReadable(visit.fd, 1);
    return this.#options.security.accept(visit.fd);
  }

  #crowdOut(visit: Visit): void {
    this.#close(visit, `all ${this.#options.bounds.places} places for handshakes are taken`);
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
    const hadItsTurn = this.#queue.remove(visit) && !visit.isBegun;
    this.#postponed.remove(visit);
    this.#silent.end(visit);
    this.#unknown.end(visit);
    this.#stalled.end(visit);
    visit.watch?.[Symbol.dispose]();
    // One that waited for the place of this one gets it, or the turn that this one did not take.
    if (this.#begun.leave(visit) || hadItsTurn) this.#resume();
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
