/**
 * The listening side of a star: one port for control and links, encrypted, and plain where that is allowed.
 *
 *     const door = await StarDoor.open({ listen, security, plain: { anyone: false }, admit: (key) => engine.mayLink(key),
 *       control: (caller, channel) => engine.accept(caller, channel), acceptor: links }, plane.environment);
 *     await door.listenPlain({ ...listen, port: door.port + 1 }, 'control');   // the ports of version 0.2.0
 *
 * The caller's engine judges who may join and link; the door bounds what strangers cost before it can.
 */
import type { Feed } from '../../feed.ts';
import { AcceptLoop } from '../../ports/accept-loop.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import { onceAMinute } from '../../ports/once-a-minute.ts';
import type { Acceptor } from '../../ports/pure/port.ts';
import { FdChannel } from '../../ports/stream/fd-channel.ts';
import type { ListeningSocket } from '../../ports/stream/stream-endpoint.ts';
import type { StreamPort } from '../../ports/stream/stream-port.ts';
import type { TcpAddress } from '../../ports/tcp-address.ts';
import { closeAfterReading, setLeastReadable } from '../../system/tcp-socket.ts';
import type { Fd } from '../../system/unix-socket.ts';
import type { Caller, ControlChannel, ControlEvents, LinkVerdict } from '../channel.ts';
import type { Fingerprint } from '../fingerprint.ts';
import type { NodeId } from '../identity.ts';
import { hostOf } from '../master-context.ts';
import { FamiliarOrigins } from './familiar-origins.ts';
import { decisiveLength } from './first-octets.ts';
import { starProtocols, type Established, type Security } from './handshake.ts';
import { IncomingLinks, type LinkChange, type PlainLinkChange } from './incoming-links.ts';
import { LineChannel } from './line-channel.ts';
import { listenAt } from './listen-at.ts';
import { Newcomers, type Control } from './newcomers.ts';
import { HeardChannel, PlainPlaces } from './plain-places.ts';
import { plainRefusal, type PlainRule } from './plain-rule.ts';
import { arrivalOf, Reception, usualBounds, type Arrival, type ReceptionBounds } from './reception.ts';
import { originOf } from './waiting-room.ts';

/** The address of a door, its rules, and the takers of connections. */
export interface StarDoorOptions {
  /** The address of everything: TLS, and plain connections, which are told apart by their first octets. Port 0 means a free one. */
  readonly listen: TcpAddress;
  readonly security: Pick<Security, 'accept'>;
  readonly plain: PlainRule;
  /** Returns whether the node with this key may link. Called for every link connection. */
  readonly admit: (key: Fingerprint) => LinkVerdict;
  /** Takes a control connection: of a member, or of a host that wants to join. */
  readonly control: (caller: Caller, channel: ControlChannel) => ControlEvents;
  readonly acceptor: Acceptor;
  /** The most plain links, and the most plain control connections. Default: 256. */
  readonly mostPlain?: number | undefined;
  /** The longest frame on a link, in octets. Default: 65,535. */
  readonly maxFrame?: number | undefined;
  /** How long the far end of a link may be silent before that ends, in milliseconds. Default: 5,000. */
  readonly deadAfter?: number | undefined;
  /** The addresses from which members last came, by their keys: handshakes from there come before those of others. */
  readonly familiar?: Iterable<readonly [key: Fingerprint, host: string]>;
  /** Called once a second while the member with that key sends on its link. Default: no callback. */
  readonly alive?: ((key: Fingerprint) => void) | undefined;
  /** The bounds of connections whose far ends are not known yet. */
  readonly bounds?: Partial<ReceptionBounds>;
}

/** The kinds of plain connections that have a port of their own. */
export type PlainPort = 'control' | 'link';

const usualMostPlain = 256;

/** The remedy for a plain slave of a star that takes encrypted connections only. */
const howToJoin =
  'join this star by its line: run `etherloom token new` at the master, and `etherloom join LINE` here; or start the master with --plain';

/** The listening side of a star. */
export class StarDoor implements AsyncDisposable {
  readonly #options: StarDoorOptions;
  readonly #environment: PortEnvironment;
  readonly #listening: ListeningSocket;
  readonly #warn: ReturnType<typeof onceAMinute>;
  readonly #familiar: FamiliarOrigins;
  readonly #reception: Reception;
  readonly #newcomers: Newcomers;
  readonly #links: IncomingLinks;
  readonly #plainControls: PlainPlaces;
  readonly #loops: AcceptLoop[] = [];
  readonly #sockets: ListeningSocket[] = [];

  private constructor(listening: ListeningSocket, options: StarDoorOptions, environment: PortEnvironment) {
    const bounds = { ...usualBounds, ...options.bounds };
    const mostPlain = options.mostPlain ?? usualMostPlain;
    this.#options = options;
    this.#environment = environment;
    this.#listening = listening;
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
    this.#familiar = new FamiliarOrigins(options.familiar);
    this.#links = new IncomingLinks(
      { acceptor: options.acceptor, mostPlain, maxFrame: options.maxFrame, deadAfter: options.deadAfter, alive: options.alive },
      environment,
    );
    this.#plainControls = new PlainPlaces(mostPlain);
    this.#newcomers = new Newcomers(
      {
        control: options.control,
        places: bounds.places,
        patience: bounds.patience,
        deadAfter: options.deadAfter,
        joined: (control) => this.#joined(control),
        left: ({ channel }) => channel instanceof HeardChannel && this.#plainControls.leave(channel),
      },
      environment,
    );
    this.#reception = new Reception(
      {
        security: options.security,
        bounds,
        membersOf: (origin) => this.#familiar.count(origin),
        takesSilent: ({ fd }) => plainRefusal(fd, options.plain) === undefined,
        plain: (arrival, kind) => this.#takePlain(arrival, kind),
        secured: (arrival, established) => this.#takeSecured(arrival, established),
      },
      environment,
    );
    // Connections inherit it. A look at fewer octets might not tell what they are.
    setLeastReadable(listening.fd, decisiveLength);
    this.#serve(listening, (fd) => this.#reception.enter(fd));
  }

  /** Listens. Throws EtherloomError: `bad-address`, or a SystemError (EADDRINUSE, EACCES). */
  static async open(options: StarDoorOptions, environment: PortEnvironment): Promise<StarDoor> {
    return new StarDoor(await listenAt(options.listen), options, environment);
  }

  /** The address at which it listens, `HOST:PORT`. */
  get address(): string {
    return this.#listening.name;
  }

  /** The port at which it listens. */
  get port(): number {
    return this.#listening.port;
  }

  /** The number of connections whose far ends are not known yet, or have not joined. */
  get strangers(): number {
    return this.#reception.size + this.#newcomers.size;
  }

  /** The links of members, as they come up and end. */
  get changes(): Feed<LinkChange> {
    return this.#links.changes;
  }

  /** The plain links whose far ends have greeted, as they come up and end. */
  get plainChanges(): Feed<PlainLinkChange> {
    return this.#links.plainChanges;
  }

  /** Returns the link of a member, if it has one. */
  linkOf(key: Fingerprint): StreamPort | undefined {
    return this.#links.of(key);
  }

  /** Ends the link of a member that may no longer have one. */
  endLink(key: Fingerprint, reason: string): void {
    this.#familiar.forget(key);
    this.#links.end(key, reason);
  }

  /**
   * Also listens at a port for one kind of plain connections, as version 0.2.0 has them, and for one member if `id` is given. The rule of plain
   * connections applies. Returns the address. Throws as `open` does.
   */
  async listenPlain(address: TcpAddress, kind: PlainPort, id?: NodeId): Promise<string> {
    const socket = await listenAt(address);
    this.#serve(socket, (fd) => {
      const arrival = arrivalOf(fd);
      if (arrival) this.#takePlain(arrival, kind, id);
    });
    return socket.name;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const loop of this.#loops.splice(0)) loop[Symbol.dispose]();
    for (const socket of this.#sockets.splice(0)) socket.close();
    this.#reception[Symbol.dispose]();
    this.#newcomers[Symbol.dispose]();
    this.#links[Symbol.dispose]();
    return Promise.resolve();
  }

  #serve(socket: ListeningSocket, take: (fd: Fd) => void): void {
    this.#sockets.push(socket);
    this.#loops.push(new AcceptLoop(socket.fd, take, this.#environment, 'connections'));
  }

  #takeSecured({ peer, from }: Arrival, { fingerprint: key, protocol, channel }: Established): void {
    if (protocol === starProtocols.control) {
      const origin = originOf(peer.host);
      this.#newcomers.enter({ caller: { key, from }, channel, origin, members: this.#familiar.count(origin) });
      return;
    }
    const verdict = this.#options.admit(key);
    if (protocol === starProtocols.link && verdict.admit) {
      this.#familiar.note(key, peer.host);
      this.#links.takeSecured(channel, from, { key, id: verdict.id });
      return;
    }
    const reason = verdict.admit ? 'it named no protocol of this star' : verdict.reason;
    this.#warn(`refused the link from ${from} with the key ${key}: ${reason}`, { key: reason });
    channel[Symbol.dispose]();
  }

  #takePlain({ fd, peer, from }: Arrival, kind: PlainPort, id?: NodeId): void {
    const refusal = plainRefusal(fd, this.#options.plain);
    if (refusal !== undefined) this.#warn(`refused a plain ${kind} connection from ${from}: ${refusal}`, { key: `${kind} ${refusal}` });
    if (kind === 'control') {
      const channel = FdChannel.onSocket(fd, this.#environment);
      const origin = originOf(peer.host);
      const caller: Caller = { plain: true, from };
      if (refusal !== undefined) refusePlain(channel, refusal, this.#environment);
      else this.#newcomers.enter({ caller, channel: new HeardChannel(channel), origin, members: this.#familiar.count(origin) });
    } else if (refusal === undefined) this.#links.takePlain(FdChannel.onSocket(fd, this.#environment), from, id);
    else closeAfterReading(fd);
  }

  #joined(control: Control): void {
    const { caller, channel } = control;
    if (channel instanceof HeardChannel) this.#plainControls.enter(channel, control);
    if (caller.key !== undefined) this.#familiar.note(caller.key, hostOf(caller.from));
  }
}

/** Tells a plain slave what to do, in the words that its version reads. */
function refusePlain(channel: FdChannel, reason: string, environment: PortEnvironment): void {
  const line = new LineChannel(channel, environment);
  line.send({ type: 'refusal', reason: `the master takes no plain connection from here: ${reason}; ${howToJoin}`, retry: false });
  line.end(reason);
}
