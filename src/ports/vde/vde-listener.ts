import { closeSync, readSync, writeSync } from 'node:fs';
import { errnoOf, EtherloomError } from '../../errors.ts';
import type { Timer } from '../../clock.ts';
import type { Watch } from '../../system/readiness.ts';
import { connectOwned, connectOwnedAbstract } from '../../system/owned-socket.ts';
import { datagramSocket, peerCredentials, type Fd, type PeerCredentials } from '../../system/unix-socket.ts';
import { AcceptLoop } from '../accept-loop.ts';
import type { BacklogLimits } from '../pure/backlog.ts';
import { DatagramPort } from '../datagram-port.ts';
import type { PortEnvironment } from '../environment.ts';
import { onceAMinute } from '../once-a-minute.ts';
import { userPeer } from '../pure/peer.ts';
import { denialText, type Acceptor, type Listener, type PortNumber } from '../pure/port.ts';
import { decodeVdeRequest, encodeVdeReply, mayBecomeVdeRequest, type VdeRequest } from './vde-control.ts';
import { isInPlace, type NamedFile, type NamedSocket } from '../socket-file.ts';
import { VdeDirectory, type PortSocket, type VdeDirectoryOptions } from './vde-directory.ts';
import { unreachableReply, unreachableSockets } from './vde-reach.ts';

/** A directory, the owner of the ports, and the bounds on clients. */
export interface VdeListenerOptions extends VdeDirectoryOptions {
  readonly acceptor: Acceptor;
  readonly backlog?: BacklogLimits | undefined;
  /** How long a client may stay silent after it connected, in milliseconds. Default: 10,000. */
  readonly handshakeTimeout?: number;
  /** The most connected clients that have not asked yet; a further one closes the oldest. Default: 128. */
  readonly maxHandshakes?: number;
}

/** A client's stream: it carries the request, and then lives as long as the port. */
interface Client {
  readonly fd: Fd;
  readonly peer: PeerCredentials;
  readonly watch: Watch;
  readonly timeout: Timer;
  asked: Uint8Array;
  port?: DatagramPort;
  socket?: PortSocket;
}

/** The delay after a client's end until its directory is cleaned, in milliseconds. */
const sweepDelay = 1000;

/**
 * The control socket of a VDE switch: `DIRECTORY/ctl`, where clients ask for ports. A refused client's stream is closed; a client that vanishes takes
 * its port with it. Names from a client are not trusted: it is identified by its credentials, and its socket is opened, checked and connected to as
 * one file.
 */
export class VdeListener implements Listener, NamedSocket {
  readonly address: string;
  /** Permission bits of the sockets there. */
  readonly mode: number;
  readonly #options: VdeListenerOptions;
  readonly #environment: PortEnvironment;
  readonly #warn: ReturnType<typeof onceAMinute>;
  #directory: VdeDirectory;
  #door: AcceptLoop;
  readonly #clients = new Map<Fd, Client>();
  readonly #handshakes = new Set<Client>();
  #sweep: Timer | undefined;
  #open = true;

  private constructor(options: VdeListenerOptions, environment: PortEnvironment, directory: VdeDirectory) {
    this.#options = options;
    this.#environment = environment;
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
    this.#directory = directory;
    this.address = directory.path;
    this.mode = directory.mode;
    this.#door = this.#openDoor();
    environment.named?.add(this);
  }

  /**
   * Makes the directory and its control socket, and takes over the files of a dead switch. Throws EtherloomError: `busy` if a switch lives
   * there, `not-permitted` if the directory is not ours to hold sockets in, `path-too-long`, `system`.
   */
  static open(options: VdeListenerOptions, environment: PortEnvironment): VdeListener {
    const directory = VdeDirectory.open(options);
    const warning = unreachableSockets(directory.path);
    if (warning !== undefined) environment.log.warn(warning);
    return new VdeListener(options, environment, directory);
  }

  get files(): readonly NamedFile[] {
    return this.#directory.files;
  }

  restore(): void {
    this.#door[Symbol.dispose]();
    try {
      if (isInPlace(this.#directory.files[0])) this.#directory.renewControl();
      else this.#moveTo(VdeDirectory.open({ ...this.#options, directory: this.address }, { noLink: true }));
    } finally {
      this.#door = this.#openDoor();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#environment.named?.delete(this);
    this.#sweep?.[Symbol.dispose]();
    this.#door[Symbol.dispose]();
    for (const client of [...this.#clients.values()]) this.#end(client, 'the switch ends');
    this.#directory[Symbol.dispose]();
    await Promise.resolve();
  }

  #openDoor(): AcceptLoop {
    return new AcceptLoop(this.#directory.control, (fd) => this.#welcome(fd), this.#environment, 'clients');
  }

  /** Moves to another directory. The clients' sockets are connected, and need no names. */
  #moveTo(directory: VdeDirectory): void {
    for (const client of this.#clients.values()) this.#removeName(client);
    this.#directory[Symbol.dispose]();
    this.#directory = directory;
  }

  #removeName(client: Client): void {
    if (client.socket) this.#directory.removePort(client.socket.name);
    delete client.socket;
  }

  #welcome(fd: Fd): void {
    const { handshakeTimeout = 10_000, maxHandshakes = 128 } = this.#options;
    const client: Client = {
      fd,
      peer: peerCredentials(fd),
      watch: this.#environment.loop.readiness.watch(fd, { readable: true, writable: false }, () => this.#read(client)),
      timeout: this.#environment.clock.after(handshakeTimeout, () =>
        this.#refuse(client, `it sent no request in ${handshakeTimeout / 1000} s`),
      ),
      asked: new Uint8Array(0),
    };
    this.#clients.set(fd, client);
    this.#handshakes.add(client);
    const [oldest] = this.#handshakes;
    if (oldest && this.#handshakes.size > maxHandshakes)
      this.#refuse(oldest, `more than ${maxHandshakes} clients have sent no request yet, and it is the oldest`);
  }

  #read(client: Client): void {
    const octets = readAll(client.fd);
    if (octets?.length === 0) return;
    if (octets === undefined) this.#end(client, 'the client is gone', { hearOut: true });
    else if (client.port) this.#end(client, 'the client sent data after its request, which the protocol does not allow');
    else this.#hear(client, octets);
  }

  #hear(client: Client, octets: Uint8Array): void {
    client.asked = client.asked.length === 0 ? octets : Buffer.concat([client.asked, octets]);
    if (mayBecomeVdeRequest(client.asked)) return;
    const request = decodeVdeRequest(client.asked);
    if (!request) {
      this.#refuse(client, 'it sent something that is not a request for a port, version 1 or 3');
      return;
    }
    const number = this.#options.acceptor.choose(request.wish, userPeer(client.peer));
    if (typeof number === 'object') {
      this.#refuse(client, denialText(number, request.wish), number.reason);
      return;
    }
    try {
      this.#grant(client, request, number);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#refuse(client, error.message, errnoOf(error) ?? error.name);
    }
  }

  /** Connects the port's socket before the reply leaves: clients remove their own socket's name right after it. */
  #grant(client: Client, request: VdeRequest, number: PortNumber): void {
    const fd = datagramSocket();
    let socket: PortSocket | undefined;
    try {
      connectToClient(fd, request, client.peer.uid);
      socket = this.#directory.bindPort(fd, number, client.peer.uid, request.wish === 'management');
      if (writeSync(client.fd, encodeVdeReply(socket.told)) === 0)
        throw new EtherloomError('refused', 'it does not read the reply; start the client again');
    } catch (error) {
      closeSync(fd);
      if (socket) this.#directory.removePort(socket.name);
      throw error;
    }
    const warning = unreachableReply(socket.told, this.address, client.peer);
    if (warning !== undefined) this.#warn(warning, { key: `reply ${client.peer.uid}` });
    this.#establish(client, request, number, fd, socket);
  }

  #establish(client: Client, request: VdeRequest, number: PortNumber, fd: Fd, socket: PortSocket): void {
    const { backlog, acceptor } = this.#options;
    client.asked = new Uint8Array(0);
    client.socket = socket;
    client.timeout[Symbol.dispose]();
    this.#handshakes.delete(client);
    client.port = new DatagramPort(
      {
        fd,
        module: 'unix prog',
        description: request.description,
        ...(backlog && { backlog }),
        released: () => this.#end(client, 'its port was closed'),
      },
      this.#environment,
    );
    acceptor.accept(client.port, number, userPeer(client.peer));
  }

  /** Refuses a client. `kind` is the same for refusals that differ only in file names. */
  #refuse(client: Client, why: string, kind = why): void {
    const { uid, pid } = client.peer;
    this.#warn(`refused the client of uid ${uid}, pid ${pid}: ${why}`, { key: `${uid} ${kind}` });
    this.#end(client, why);
  }

  /** Ends a client. `hearOut`: the frames that the client sent before it left are received. */
  #end(client: Client, reason: string, { hearOut = false } = {}): void {
    // Its port may end long after its stream: by then another client may have the descriptor.
    if (this.#clients.get(client.fd) !== client) return;
    this.#clients.delete(client.fd);
    this.#handshakes.delete(client);
    client.timeout[Symbol.dispose]();
    client.watch[Symbol.dispose]();
    closeSync(client.fd);
    if (client.socket) {
      this.#removeName(client);
      this.#sweepLater();
    }
    // Last, since it calls the receiver.
    if (hearOut) client.port?.endAfterReading(reason);
    else client.port?.end(reason);
  }

  /** Removes, after a delay, the socket that a killed client may have left: the system may still be closing its descriptors. */
  #sweepLater(): void {
    if (!this.#open) return;
    this.#sweep ??= this.#environment.clock.after(sweepDelay, () => {
      this.#sweep = undefined;
      this.#directory.removeDead();
    });
  }
}

/** Connects the port's socket to the client's, if that is a socket of the client's own user. */
function connectToClient(fd: Fd, { path, abstractName }: VdeRequest, uid: number): void {
  if (abstractName) connectOwnedAbstract(fd, abstractName, uid);
  else if (path !== '') connectOwned(fd, path, uid);
  else throw new EtherloomError('refused', 'its request names no socket; have the client bind one before it asks');
}

/** Reads the waiting octets of a stream: none if none waits, undefined if it has ended. */
function readAll(fd: Fd): Uint8Array | undefined {
  const octets = Buffer.alloc(1024);
  try {
    const count = readSync(fd, octets);
    return count === 0 ? undefined : octets.subarray(0, count);
  } catch (error) {
    return errnoOf(error) === 'EAGAIN' ? octets.subarray(0, 0) : undefined;
  }
}
