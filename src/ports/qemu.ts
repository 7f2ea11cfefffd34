import { closeSync, lstatSync, rmSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Timer } from '../clock.ts';
import { reasonOf } from '../errors.ts';
import { fileNumber } from '../system/file-number.ts';
import { bindFile, connectPath, datagramSocket, type Fd } from '../system/unix-socket.ts';
import type { BacklogLimits } from './pure/backlog.ts';
import { DatagramPort } from './datagram-port.ts';
import type { PortEnvironment } from './environment.ts';
import { ForwardingPort } from './forwarding-port.ts';
import { LinkLog } from './link-log.ts';
import { checkSocketPlace, isInPlace, removeStaleSocket, type NamedFile, type NamedSocket } from './socket-file.ts';

/** The two sockets of a `-netdev dgram`. */
export interface QemuPortOptions {
  /** The socket that the switch binds: QEMU's `remote.path`. */
  readonly local: string;
  /** The socket that QEMU binds: its `local.path`. It need not exist yet. */
  readonly remote: string;
  readonly backlog?: BacklogLimits;
}

/** The interval at which QEMU's socket is checked, in milliseconds: a directory notice can be missing or late. */
const checkInterval = 200;

/**
 * A port for QEMU's `-netdev dgram` on unix sockets (7.2 and later). Guest and switch survive each other's death: the port is permanent,
 * and up while QEMU's socket exists.
 *
 * The socket must be *connected* to QEMU's: otherwise the kernel queues only a few frames, and QEMU spins. It must be connected *again* to each new
 * QEMU: on both sides, the kernel silently refuses datagrams from others to a connected socket.
 */
export class QemuPort extends ForwardingPort<DatagramPort> implements NamedSocket {
  readonly #remote: string;
  readonly #local: string;
  readonly #environment: PortEnvironment;
  readonly #watcher: FSWatcher | undefined;
  readonly #log: LinkLog;
  #fd: Fd;
  #file: NamedFile;
  #seen: string | undefined;
  #timer: Timer | undefined;
  #open = true;

  private constructor(fd: Fd, options: QemuPortOptions, environment: PortEnvironment) {
    const { local, remote, backlog } = options;
    super(
      new DatagramPort(
        {
          fd,
          module: 'qemu',
          description: remote,
          connected: false,
          reconnect: () => this.#connect(),
          ...(backlog && { backlog }),
        },
        environment,
      ),
    );
    this.#remote = remote;
    this.#local = local;
    this.#file = named(local);
    this.#fd = fd;
    this.#environment = environment;
    this.#log = new LinkLog(environment, () => `QEMU at ${remote}`);
    this.#watcher = watchName(remote, () => this.#check());
    environment.named?.add(this);
    this.#look();
  }

  /**
   * Binds the switch's side. Throws EtherloomError: `path-too-long`, `busy` if a process holds it, `not-permitted` if it is not a socket,
   * `system`.
   */
  static open(options: QemuPortOptions, environment: PortEnvironment): QemuPort {
    checkSocketPlace(options.remote, 'name the one that QEMU binds');
    return new QemuPort(bindLocal(options.local), options, environment);
  }

  get files(): readonly NamedFile[] {
    return [this.#file];
  }

  restore(): void {
    this.#fd = bindLocal(this.#local);
    this.#file = named(this.#local);
    this.inner.moveTo(this.#fd);
    this.#seen = identity(this.#remote);
    this.inner.setConnected(this.#seen !== undefined && this.#connect());
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#environment.named?.delete(this);
    this.#timer?.[Symbol.dispose]();
    this.#watcher?.close();
    // Another process's socket may have that name now.
    if (isInPlace(this.#file)) rmSync(this.#local, { force: true });
    await super[Symbol.asyncDispose]();
  }

  #look(): void {
    this.#check();
    this.#timer = this.#environment.clock.after(checkInterval, () => this.#look());
  }

  #check(): void {
    if (!this.#open) return;
    const seen = identity(this.#remote);
    if (seen === this.#seen && seen !== undefined) return;
    if (seen === undefined) this.#log.down('no such file or directory');
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.inner.setConnected(seen !== undefined && this.#connect());
  }

  #connect(): boolean {
    try {
      connectPath(this.#fd, this.#remote);
      this.#log.up();
      return true;
    } catch (error) {
      // The socket of a dead QEMU: the next one makes its own.
      this.#log.down(reasonOf(error));
      return false;
    }
  }
}

function named(path: string): NamedFile {
  return { path, number: fileNumber(path) };
}

function bindLocal(path: string): Fd {
  removeStaleSocket(path, 'datagram');
  const fd = datagramSocket();
  try {
    bindFile(fd, { path, mode: 0o600 });
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Calls `changed` when something happens to that name in its directory. Returns undefined if the system has no more watches to give. */
function watchName(path: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(path), (_event, name) => {
      if (name === null || name === basename(path)) changed();
    });
    // The periodic check finds what a lost notice would have reported.
    return watcher.on('error', () => watcher.close());
  } catch {
    return undefined;
  }
}

/** Returns the identity of the file at a path. Inode numbers are reused at once, so its creation time is part of it. */
function identity(path: string): string | undefined {
  try {
    const { dev, ino, ctimeNs } = lstatSync(path, { bigint: true });
    return `${dev}.${ino}.${ctimeNs}`;
  } catch {
    // The socket is missing or unreachable: there is no peer to connect to.
    return undefined;
  }
}
