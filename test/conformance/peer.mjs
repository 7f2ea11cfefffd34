/**
 * What a black-box test of a `vde_switch` needs: the switch as a process, and a client made of system calls. It knows the executable
 * named by VDE_SWITCH and nothing of how that is made.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';

const executable = process.env.VDE_SWITCH ?? 'vde_switch';
const patience = 10_000;

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, void *, uint32_t)');
const connectTo = libc.func('int connect(int, void *, uint32_t)');
const setsockopt = libc.func('int setsockopt(int, int, int, void *, uint32_t)');
const send = libc.func('long send(int, void *, size_t, int)');
const recv = libc.func('long recv(int, void *, size_t, int)');
const close = libc.func('int close(int)');

/** A scratch directory that is removed with the test. */
export function scratch(t) {
  const directory = mkdtempSync(join(tmpdir(), 'vc-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs the switch to its end; for what it refuses. */
export function run(...args) {
  return new Promise((resolve) => {
    const child = spawn(executable, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    const limit = setTimeout(() => child.kill('SIGKILL'), patience * 2);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, output });
    });
  });
}

/** Starts a switch on `directory` and waits for its control socket. Its standard input stays open. */
export async function startSwitch(t, directory, ...args) {
  const child = spawn(executable, ['-s', directory, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  child.stdout.resume();
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await until(
    () => accepts(join(directory, 'ctl')),
    join(directory, '..'),
    () => `the switch does not serve ${directory}: ${log}`,
  );
  return {
    child,
    ended,
    log: () => log,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

/** Whether somebody listens on a stream socket. Looked up, not tried: the original can lose its next client over one that only knocks. */
function accepts(path) {
  const listening = '00010000';
  return readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .some((line) => line.endsWith(` ${path}`) && line.split(' ')[3] === listening);
}

/** Waits until `check` holds, looking whenever something changes near `directory`, and now and then. Fails after a while. */
export async function until(check, directory, message = () => 'it never came about') {
  const deadline = Date.now() + patience;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(message());
    await new Promise((resolve) => {
      const timer = setTimeout(done, 20);
      const watcher = existsSync(directory) ? watch(directory, done) : undefined;
      function done() {
        clearTimeout(timer);
        watcher?.close();
        resolve();
      }
    });
  }
}

/** `struct sockaddr_un` of a path. */
function address(path) {
  const octets = Buffer.alloc(110);
  octets.writeUInt16LE(1, 0);
  octets.write(path, 2);
  return octets;
}

/** A request of version 3. `word` is the type and port word. */
export function request3(word, path, description = 'conformance') {
  const octets = Buffer.alloc(122);
  octets.writeUInt32LE(0xfeedface, 0);
  octets.writeUInt32LE(3, 4);
  octets.writeUInt32LE(word >>> 0, 8);
  address(path).copy(octets, 12);
  return Buffer.concat([octets, Buffer.from(description)]);
}

/** A request of version 1. */
export function request1(word, path, description = 'conformance') {
  const octets = Buffer.alloc(14);
  octets.writeUInt32LE(0xfeedface, 0);
  octets.writeUInt32LE(word >>> 0, 4);
  return Buffer.concat([octets, address(path), Buffer.from(description)]);
}

let counter = 0;

/** A client: its stream to `ctl`, and its datagram socket. */
export class Client {
  /** Connects to the switch's control socket and binds a datagram socket beside it. */
  static async open(t, directory) {
    const client = new Client();
    client.path = join(directory, `.${String(process.pid).padStart(5, '0')}-${String(counter++).padStart(5, '0')}`);
    client.fd = socket(1, 2, 0);
    bind(client.fd, address(client.path), 2 + Buffer.byteLength(client.path) + 1);
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(BigInt(patience / 1000), 0);
    setsockopt(client.fd, 1, 20, timeout, 16);
    client.stream = connect(join(directory, 'ctl'));
    client.octets = Buffer.alloc(0);
    client.closed = false;
    client.stream.on('data', (chunk) => {
      client.octets = Buffer.concat([client.octets, chunk]);
      client.wake?.();
    });
    client.stream.on('error', () => undefined);
    client.stream.on('close', () => {
      client.closed = true;
      client.wake?.();
    });
    client.stream.on('end', () => client.stream.destroy());
    await new Promise((resolve, reject) => {
      client.stream.once('connect', resolve);
      client.stream.once('error', reject);
    });
    t.teardown(() => client.close());
    return client;
  }

  /** Sends a request and waits for the reply, or the end of the stream. Returns the octets that came, or 'silence'. */
  async ask(octets, limit = patience) {
    this.stream.write(octets);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, limit);
      this.wake = () => {
        if (this.octets.length < 110 && !this.closed) return;
        clearTimeout(timer);
        resolve();
      };
      this.wake();
    });
    return this.octets.length > 0 || this.closed ? this.octets : 'silence';
  }

  /** Asks for a port, connects to it, and returns the path of the switch's socket. */
  async join(word = 0) {
    const reply = await this.ask(request3(word, this.path));
    if (reply.length !== 110) throw new Error(`no port: ${reply.length} octets`);
    const path = reply.subarray(2, reply.indexOf(0, 2)).toString();
    connectTo(this.fd, address(path), 2 + path.length + 1);
    return path;
  }

  send(frame) {
    return send(this.fd, frame, frame.length, 0x40);
  }

  /** The next frame, or undefined when none comes for a while. */
  receive() {
    const octets = Buffer.alloc(20_000);
    return new Promise((resolve) => {
      recv.async(this.fd, octets, octets.length, 0, (_error, count) => resolve(count < 0 ? undefined : octets.subarray(0, count)));
    });
  }

  /** A frame that waits, or undefined. */
  poll() {
    const octets = Buffer.alloc(20_000);
    const count = recv(this.fd, octets, octets.length, 0x40);
    return count < 0 ? undefined : octets.subarray(0, count);
  }

  /** As a client that is killed: nothing is said, nothing removed. */
  close() {
    if (this.fd < 0) return;
    close(this.fd);
    this.fd = -1;
    this.stream.destroy();
  }
}

/** A frame from one station to another, or to all; `length` in octets. */
export function frame(destination, source, length = 60, fill = 0x42) {
  const octets = Buffer.alloc(length, fill);
  Buffer.from(destination.replaceAll(':', ''), 'hex').copy(octets, 0);
  Buffer.from(source.replaceAll(':', ''), 'hex').copy(octets, 6);
  octets.writeUInt16BE(0x88b5, 12);
  return octets;
}

/** The address of all stations. */
export const everybody = 'ff:ff:ff:ff:ff:ff';
