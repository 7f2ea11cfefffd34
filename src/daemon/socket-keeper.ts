import { EtherloomError, isForUser, messageOf } from '../errors.ts';
import type { NamedSocket } from '../ports/socket-file.ts';
import { fileNumber, lookUpFileNumber } from '../system/file-number.ts';
import type { ServiceEnvironment } from './switch-service.ts';

/** The sockets by which a switch is found, and the file that says that it is wanted. */
export interface KeptSockets {
  readonly sockets: ReadonlySet<NamedSocket>;
  /** Absolute. Default: the switch has none. */
  readonly pidfile?: string | undefined;
  /** The socket whose loss, with that of the pid file, means that the switch is given up. */
  readonly control: NamedSocket;
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
 * process ends would be in the way of its next start. Calls `end` when the pid file and the control socket are gone, or are those of another
 * process: ifupdown's hook ends a switch by the name of its executable, which is Node's here, and then removes both.
 */
export class SocketKeeper implements Disposable {
  readonly #kept: KeptSockets;
  readonly #environment: Pick<ServiceEnvironment, 'clock' | 'log'>;
  readonly #end: () => void;
  readonly #pidNumber: string | undefined;
  readonly #taken = new Set<NamedSocket>();
  #missing: ReadonlyMap<NamedSocket, Missing> = new Map();
  #timer: Disposable;
  #open = true;

  constructor(kept: KeptSockets, environment: Pick<ServiceEnvironment, 'clock' | 'log'>, end: () => void) {
    this.#kept = kept;
    this.#environment = environment;
    this.#end = end;
    this.#pidNumber = kept.pidfile === undefined ? undefined : fileNumber(kept.pidfile);
    this.#timer = this.#lookAfter(lookInterval);
  }

  [Symbol.dispose](): void {
    this.#open = false;
    this.#timer[Symbol.dispose]();
  }

  #lookAfter(delay: number): Disposable {
    return this.#environment.clock.after(delay, () => void this.#look());
  }

  async #look(): Promise<void> {
    const lostControl = await this.#lostBy(this.#kept.control);
    if (lostControl !== undefined && (await this.#isGivenUp())) {
      if (this.#open) this.#giveUp(lostControl);
      return;
    }
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
    for (const { path, number } of files) if ((await lookUpFileNumber(path)) !== number) return path;
    return undefined;
  }

  async #isGivenUp(): Promise<boolean> {
    const { pidfile } = this.#kept;
    return pidfile !== undefined && (await lookUpFileNumber(pidfile)) !== this.#pidNumber;
  }

  #giveUp(lostControl: string): void {
    this.#environment.log.error(
      `${this.#kept.pidfile} and ${lostControl} were removed: no client can reach this switch any more, and it ends`,
    );
    this.#end();
  }

  /** Makes a socket again; returns what is known of it if it is missing still. */
  #restore(socket: NamedSocket, path: string, before: Missing): Missing | undefined {
    const { log } = this.#environment;
    try {
      socket.restore();
      log.warn(`${path} was removed, and is made again for new clients; those that are connected stay`);
      return undefined;
    } catch (error) {
      if (!isForUser(error)) throw error;
      if (error instanceof EtherloomError && error.code === 'busy') {
        this.#taken.add(socket);
        log.warn(`${path} is another process's now: this switch goes on for the clients that it has, and takes no new ones there`);
        return undefined;
      }
      const reason = messageOf(error);
      if (reason !== before.reason) log.warn(`${path} was removed, and no new client can connect: ${reason}`);
      return { reason };
    }
  }
}
