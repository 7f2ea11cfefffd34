import type { Clock } from '../clock.ts';
import { EtherloomError, isForUser, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { fileNumber, lookUpFileNumber } from '../system/file-number.ts';
import type { NamedSocket } from './socket-file.ts';

/** The sockets by which a process is found, and what tells that it is given up. */
export interface KeptSockets {
  readonly sockets: ReadonlySet<NamedSocket>;
  /** Default: it is wanted as long as it runs. */
  readonly desertion?: Desertion | undefined;
}

/** What tells that a process is given up: its pid file is gone, and the socket that its clients need. */
export interface Desertion {
  /** Absolute. */
  readonly pidfile: string;
  readonly control: NamedSocket;
  /** Ends the process. */
  readonly end: () => void;
}

/** How often it is looked whether all files are there, in milliseconds. */
const lookInterval = 2_000;

/**
 * How long a socket is missing before it is made again, in milliseconds: who removes the pid file too may not be done yet, and a switch that
 * is started anew makes its own.
 */
const patience = 1_000;

/** How a socket that is missing was told of: `reason` is why it cannot be made again, if that was tried. */
interface Missing {
  readonly reason?: string;
}

/**
 * Makes sockets again whose files were removed. One whose place another process has taken is given up for good: to take it back when that
 * process ends would be in the way of its next start. A process that is deserted ends: ifupdown's hook ends a switch by the name of its
 * executable, which is Node's here, and then removes its pid file and its sockets.
 */
export class SocketKeeper implements Disposable {
  readonly #kept: KeptSockets;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pidNumber: string | undefined;
  readonly #taken = new Set<NamedSocket>();
  #missing: ReadonlyMap<NamedSocket, Missing> = new Map();
  #timer: Disposable;
  #open = true;

  constructor(kept: KeptSockets, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#kept = kept;
    this.#clock = clock;
    this.#log = log;
    this.#pidNumber = kept.desertion && fileNumber(kept.desertion.pidfile);
    this.#timer = this.#lookAfter(lookInterval);
  }

  [Symbol.dispose](): void {
    this.#open = false;
    this.#timer[Symbol.dispose]();
  }

  #lookAfter(delay: number): Disposable {
    return this.#clock.after(delay, () => void this.#look());
  }

  async #look(): Promise<void> {
    if (await this.#endsDeserted()) return;
    const before = this.#missing;
    const missing = new Map<NamedSocket, Missing>();
    for (const socket of this.#kept.sockets) {
      const still = await this.#lookAt(socket, before.get(socket));
      if (still) missing.set(socket, still);
    }
    if (!this.#open) return;
    this.#missing = missing;
    const isNew = [...missing.keys()].some((socket) => !before.has(socket));
    this.#timer = this.#lookAfter(isNew ? patience : lookInterval);
  }

  /** Makes a socket again that was missing before, and resolves to what is known of it if it is missing still. */
  async #lookAt(socket: NamedSocket, before: Missing | undefined): Promise<Missing | undefined> {
    const path = this.#taken.has(socket) ? undefined : await this.#lostBy(socket);
    // It may have been closed meanwhile.
    if (path === undefined || !this.#open || !this.#kept.sockets.has(socket)) return undefined;
    return before === undefined ? {} : this.#restore(socket, path, before);
  }

  /** Resolves to the path of a socket's file that is not there any more, or means another file; undefined while all is in its place. */
  async #lostBy({ files }: NamedSocket): Promise<string | undefined> {
    for (const { path, number } of files) if (number === undefined || (await lookUpFileNumber(path)) !== number) return path;
    return undefined;
  }

  /** Ends the process if it is deserted, and resolves to whether it is. */
  async #endsDeserted(): Promise<boolean> {
    const { desertion } = this.#kept;
    const lost = desertion && (await this.#lostBy(desertion.control));
    if (!desertion || lost === undefined || (await lookUpFileNumber(desertion.pidfile)) === this.#pidNumber) return false;
    if (!this.#open) return true;
    this.#log.error(`${desertion.pidfile} and ${lost} were removed: no client can reach this switch any more, and it ends`);
    desertion.end();
    return true;
  }

  /** Makes a socket again; returns what is known of it if it is missing still. */
  #restore(socket: NamedSocket, path: string, before: Missing): Missing | undefined {
    const log = this.#log;
    try {
      socket.restore();
      log.warn(`${path} was removed, and is made again for new clients; those that are connected stay`);
      return undefined;
    } catch (error) {
      if (!isForUser(error)) throw error;
      if (error instanceof EtherloomError && error.code === 'busy') {
        this.#taken.add(socket);
        log.warn(`${path} is another process's now: this one goes on for the clients that it has, and takes no new ones there`);
        return undefined;
      }
      const reason = messageOf(error);
      if (reason !== before.reason) log.warn(`${path} was removed, and no new client can connect: ${reason}`);
      return { reason };
    }
  }
}
