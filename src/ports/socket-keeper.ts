import type { Clock } from '../clock.ts';
import { EtherloomError, isForUser, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { fileNumber, lookUpFileNumber } from '../system/file-number.ts';
import type { NamedSocket } from './socket-file.ts';

/** The sockets by which a process is found, and the condition on which it ends. */
export interface KeptSockets {
  readonly sockets: ReadonlySet<NamedSocket>;
  /** Default: it runs until it is ended. */
  readonly desertion?: Desertion | undefined;
}

/** The signs that a process is deserted: its pid file, and the socket that its clients need, are gone. */
export interface Desertion {
  /** Absolute. */
  readonly pidfile: string;
  readonly control: NamedSocket;
  /** Ends the process. */
  readonly end: () => void;
}

/** The interval at which the files are checked, in milliseconds. */
const lookInterval = 2_000;

/**
 * How long a socket is missing before it is made again, in milliseconds. Its remover may still have to remove the pid file, and a restarted
 * switch makes its own.
 */
const patience = 1_000;

/** A missing socket that was reported: `reason` is why it cannot be made again, if that was tried. */
interface Missing {
  readonly reason?: string;
}

/**
 * Recreates sockets whose files were removed. A socket whose place another process has taken is given up for good: taking it back when that process
 * ends would hinder that process's next start. A deserted process ends. ifupdown's hook ends a switch by the name of its executable, which is Node's
 * here, and then removes its pid file and its sockets.
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

  /** Makes a socket again that was missing before. Resolves to its state if it is still missing. */
  async #lookAt(socket: NamedSocket, before: Missing | undefined): Promise<Missing | undefined> {
    const path = this.#taken.has(socket) ? undefined : await this.#lostBy(socket);
    // It may have been closed meanwhile.
    if (path === undefined || !this.#open || !this.#kept.sockets.has(socket)) return undefined;
    return before === undefined ? {} : this.#restore(socket, path, before);
  }

  /** Resolves to the path of a socket's file that is gone, or is another file now; undefined if all are in their places. */
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

  /** Makes a socket again. Returns its state if it is still missing. */
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
