import { closeSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DatagramPort } from '../../src/ports/datagram-port.ts';
import type { PortWish } from '../../src/ports/pure/port.ts';
import { decodeVdeReply, encodeVdeRequest } from '../../src/ports/vde/vde-control.ts';
import { VdeListener, type VdeListenerOptions } from '../../src/ports/vde/vde-listener.ts';
import { bindFile, connectPath, datagramSocket, streamSocket, type Fd } from '../../src/system/unix-socket.ts';
import { readiness } from '../system/sockets.ts';
import { newDirectory, Ports, Rig, using } from './rig.ts';

/** A listener in a new directory, and the ports that it yields. */
export interface Served {
  readonly rig: Rig;
  readonly ports: Ports;
  readonly listener: VdeListener;
  readonly directory: string;
}

/** Serves a new directory until the test ends. */
export function serve(options: Partial<VdeListenerOptions> = {}, rig = new Rig()): Served {
  const directory = options.directory ?? join(newDirectory(), 's');
  const ports = new Ports();
  const listener = using(VdeListener.open({ acceptor: ports, ...options, directory }, rig.environment));
  return { rig, ports, listener, directory };
}

let sockets = 0;

/** The stream to a switch, made by hand: it says what a test wants said. Closed when the test ends, if not before. */
export class Stream implements Disposable {
  readonly fd: Fd = streamSocket();
  #open = true;

  constructor(directory: string) {
    connectPath(this.fd, join(directory, 'ctl'));
    onTestFinished(() => this[Symbol.dispose]());
  }

  write(octets: Uint8Array): void {
    writeSync(this.fd, octets);
  }

  /** Returns the switch's next octets; none if it closed the stream. */
  async read(): Promise<Uint8Array> {
    const octets = Buffer.alloc(1024);
    await new Promise<void>((resolve) => {
      const watch = readiness.watch(this.fd, { readable: true, writable: false }, () => {
        watch[Symbol.dispose]();
        setImmediate(resolve);
      });
    });
    try {
      return octets.subarray(0, readSync(this.fd, octets));
    } catch (error) {
      // Our octets were not read before it was closed.
      if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return octets.subarray(0, 0);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    if (this.#open) closeSync(this.fd);
    this.#open = false;
  }
}

/** A client made by hand, with a port. */
export class RawClient implements Disposable {
  readonly stream: Stream;
  /** Its datagram socket, connected to the switch's. */
  readonly data: Fd;
  /** The switch's socket. */
  readonly path: string;
  #owned = true;

  constructor(stream: Stream, data: Fd, path: string) {
    this.stream = stream;
    this.data = data;
    this.path = path;
    onTestFinished(() => this[Symbol.dispose]());
  }

  /** Returns the client as a port that takes the sockets over. */
  port(rig: Rig): DatagramPort {
    this.#owned = false;
    const released = (): void => this.stream[Symbol.dispose]();
    return new DatagramPort({ fd: this.data, module: 'raw', description: 'raw', released }, rig.environment);
  }

  [Symbol.dispose](): void {
    if (!this.#owned) return;
    this.#owned = false;
    this.stream[Symbol.dispose]();
    closeSync(this.data);
  }
}

/** Returns a datagram socket bound in the directory, as a client's is. */
export function bindClientSocket(directory: string): { fd: Fd; path: string } {
  const fd = datagramSocket();
  const path = join(directory, `.${String(process.pid).padStart(5, '0')}-${String(sockets++).padStart(5, '0')}`);
  bindFile(fd, { path, mode: 0o700 });
  return { fd, path };
}

/** Asks for a port; undefined when the switch closes the stream instead of answering. */
export async function ask(directory: string, wish: PortWish = 'any', description = 'raw'): Promise<RawClient | undefined> {
  const stream = new Stream(directory);
  // As clients do where the name of a socket does not hold the path of one in the directory.
  const { fd, path: own } = bindClientSocket(directory.length > 80 ? newDirectory() : directory);
  stream.write(encodeVdeRequest({ wish, path: own, description }));
  const path = decodeVdeReply(await stream.read());
  unlinkSync(own);
  if (path === undefined) {
    stream[Symbol.dispose]();
    closeSync(fd);
    return undefined;
  }
  connectPath(fd, path);
  return new RawClient(stream, fd, path);
}

/** As `ask`, for a switch that says yes. */
export async function connect(directory: string, wish: PortWish = 'any', description = 'raw'): Promise<RawClient> {
  const client = await ask(directory, wish, description);
  if (!client) throw new Error('the switch refused');
  return client;
}
