/**
 * A client of a switch, made of system calls: a stream to `ctl`, and a datagram socket that carries frames.
 */
import { chmodSync, existsSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import koffi from 'koffi';
import { patience, until } from './until.mjs';

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, void *, uint32_t)');
const listen = libc.func('int listen(int, int)');
const connectTo = libc.func('int connect(int, void *, uint32_t)');
const send = libc.func('long send(int, void *, size_t, int)');
const recv = libc.func('long recv(int, void *, size_t, int)');
const close = libc.func('int close(int)');
const pollFor = libc.func('int poll(void *, unsigned long, int)');

/** A switch that another check starts meanwhile must not inherit it: otherwise a client could not leave before that switch ends. */
const closedOnExec = 0o2000000;
const stream = 1 | closedOnExec;
const datagram = 2 | closedOnExec;
const dontWait = 0x40;
const noSignal = 0x4000;
const replySize = 110;
const readable = 1;

/** The longest time, in milliseconds, for which one wait occupies a thread: waits share a few threads. */
const turn = 20;

/** Waits until a descriptor can be read, `limit` ms at most and no longer than a turn. */
function untilReadable(fd, limit) {
  const asked = Buffer.alloc(8);
  asked.writeInt32LE(fd, 0);
  asked.writeInt16LE(readable, 4);
  // The request must not be collected before its answer.
  return new Promise((resolve) => pollFor.async(asked, 1, Math.min(limit, turn), () => resolve(asked)));
}

/** `struct sockaddr_un` of a path. */
function address(path) {
  const octets = Buffer.alloc(110);
  octets.writeUInt16LE(1, 0);
  octets.write(path, 2);
  return octets;
}

const lengthOf = (path) => 2 + Buffer.byteLength(path) + (path.startsWith('\0') ? 0 : 1);

/** Returns a request of version 3. `word` is the type and port word. */
export function request3(word, path, description = 'conformance') {
  const octets = Buffer.alloc(122);
  octets.writeUInt32LE(0xfeedface, 0);
  octets.writeUInt32LE(3, 4);
  octets.writeUInt32LE(word >>> 0, 8);
  address(path).copy(octets, 12);
  return Buffer.concat([octets, Buffer.from(description)]);
}

/** Returns a request of version 1. */
export function request1(word, path, description = 'conformance') {
  const octets = Buffer.alloc(14);
  octets.writeUInt32LE(0xfeedface, 0);
  octets.writeUInt32LE(word >>> 0, 4);
  return Buffer.concat([octets, address(path), Buffer.from(description)]);
}

/** Returns the type and port word of a named port. */
export const portWord = (number) => number << 8;

/** Returns the number of the port whose socket that is. */
export const portOf = (path) => Number(/\/(\d+)\.\d+$/.exec(path)?.[1]);

/** Binds a socket of a kind at a path, without a process that serves it; a switch must not take it for a client. */
export function bindOnly(kind, path) {
  const fd = socket(1, kind === 'stream' ? stream : datagram, 0);
  bind(fd, address(path), lengthOf(path));
  if (kind === 'stream') listen(fd, 1);
  return { [Symbol.dispose]: () => close(fd) };
}

/** Does something at once as another user; only root can. */
function as(user, work) {
  if (user === undefined) return work();
  process.setegid(user.gid);
  process.seteuid(user.uid);
  try {
    return work();
  } finally {
    process.seteuid(0);
    process.setegid(0);
  }
}

let counter = 0;

/** A client: its stream to `ctl`, and its datagram socket. */
export class Client {
  /**
   * Connects to the switch's control socket and binds a datagram socket, beside it unless `path` says where; as another user when `user`
   * names a uid and a gid. It leaves with the test.
   */
  static async open(t, directory, { path, user } = {}) {
    const client = new Client();
    client.user = user;
    client.path = path ?? join(directory, `.${String(process.pid).padStart(5, '0')}-${String(counter++).padStart(5, '0')}`);
    const ctl = join(directory, 'ctl');
    const fd = as(user, () => {
      client.fd = socket(1, datagram, 0);
      client.bound = bind(client.fd, address(client.path), lengthOf(client.path)) === 0;
      const fd = socket(1, stream, 0);
      if (connectTo(fd, address(ctl), lengthOf(ctl)) === 0) return fd;
      close(fd);
      return -1;
    });
    t.teardown(() => client.leave(1000).catch(() => undefined));
    if (fd < 0) throw new Error(`nobody serves ${ctl}`);
    client.stream = new Socket({ fd, readable: true, writable: true });
    client.#listen();
    return client;
  }

  /** Opens a client and asks for a port, any by default. */
  static async joined(t, directory, word = 0, options = {}) {
    const client = await Client.open(t, directory, options);
    await client.join(word);
    return client;
  }

  octets = Buffer.alloc(0);
  closed = false;

  #listen() {
    this.stream.on('data', (chunk) => {
      this.octets = Buffer.concat([this.octets, chunk]);
      this.wake?.();
    });
    this.stream.on('error', () => undefined);
    this.stream.on('close', () => {
      this.closed = true;
      this.wake?.();
    });
    this.stream.on('end', () => this.stream.destroy());
    this.stream.resume();
  }

  /** Sends a request and waits for the reply, or the end of the stream. Returns the octets that came, or 'silence'. */
  async ask(octets, limit = patience) {
    this.stream.write(octets);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, limit);
      this.wake = () => {
        if (this.octets.length < replySize && !this.closed) return;
        clearTimeout(timer);
        resolve();
      };
      this.wake();
    });
    return this.octets.length > 0 || this.closed ? this.octets : 'silence';
  }

  /** Asks for a port, connects to it, and returns the path of the switch's socket. */
  async join(word = 0, { description, request = request3(word, this.path, description) } = {}) {
    const reply = await this.ask(request);
    if (reply.length !== replySize) throw new Error(`no port: ${reply === 'silence' ? reply : `${reply.length} octets`}`);
    as(this.user, () => connectTo(this.fd, address(this.port), lengthOf(this.port)));
    return this.port;
  }

  /** The path of the switch's socket, once it was told. */
  get port() {
    return this.octets.length < replySize ? undefined : this.octets.subarray(2, this.octets.indexOf(0, 2)).toString();
  }

  /** Sets the mode of the switch's socket, as clients do. Throws when that is not theirs. */
  chmodPort(mode) {
    as(this.user, () => chmodSync(this.port, mode));
  }

  /** Connects its datagram socket elsewhere. */
  connectTo(path) {
    return connectTo(this.fd, address(path), lengthOf(path));
  }

  /** Returns how many octets the switch's socket took; -1 when it did not. */
  send(frame) {
    return send(this.fd, frame, frame.length, dontWait | noSignal);
  }

  /** Returns the next frame, or undefined when none comes for a while. */
  async receive(limit = patience) {
    const deadline = Date.now() + limit;
    for (;;) {
      const octets = this.poll();
      if (octets !== undefined || Date.now() >= deadline) return octets;
      await untilReadable(this.fd, deadline - Date.now());
    }
  }

  /** Returns the next frame that is wanted; others are passed over. */
  async receiveThat(wanted, limit = patience) {
    const deadline = Date.now() + limit;
    for (;;) {
      const octets = await this.receive(Math.max(0, deadline - Date.now()));
      if (octets === undefined || wanted(octets)) return octets;
    }
  }

  /** Returns a frame that waits, or undefined. */
  poll() {
    const octets = Buffer.alloc(20_000);
    const count = recv(this.fd, octets, octets.length, dontWait);
    return count < 0 ? undefined : octets.subarray(0, count);
  }

  /** As a client that is killed: nothing is said, nothing removed. */
  close() {
    this.closeDatagram();
    this.stream?.destroy();
  }

  closeDatagram() {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }

  /** Leaves, and waits until the switch has noticed. Throws when it does not. */
  async leave(limit = patience) {
    const isOver = this.closed;
    this.close();
    if (this.bound && existsSync(this.path)) unlinkSync(this.path);
    if (this.port === undefined || isOver) return;
    await until(
      () => !existsSync(this.port),
      undefined,
      () => `the switch has not noticed that ${this.port} was left`,
      limit,
    );
  }
}

/** Returns a frame from one station to another, or to all; `length` in octets. */
export function frame(destination, source, length = 60, fill = 0x42, etherType = 0x88b5) {
  const octets = Buffer.alloc(Math.max(length, 14), fill);
  Buffer.from(destination.replaceAll(':', ''), 'hex').copy(octets, 0);
  Buffer.from(source.replaceAll(':', ''), 'hex').copy(octets, 6);
  octets.writeUInt16BE(etherType, 12);
  return octets.subarray(0, length);
}

/** Returns the frame with a tag before its type. */
export function tagged(octets, vid, priority = 0, tpid = 0x8100) {
  const tag = Buffer.alloc(4);
  tag.writeUInt16BE(tpid, 0);
  tag.writeUInt16BE((priority << 13) | vid, 2);
  return Buffer.concat([octets.subarray(0, 12), tag, octets.subarray(12)]);
}

/** Returns the address of one of 65,536 stations. */
export const numbered = (number) => `02:00:00:01:${number.toString(16).padStart(4, '0').replace(/^../, '$&:')}`;

/** The address of all stations. */
export const everybody = 'ff:ff:ff:ff:ff:ff';
