import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DataPlane } from '../daemon/data-plane.ts';
import type { Log } from '../log.ts';
import { inScope, type Scope } from '../daemon/scope.ts';
import { reasonOf } from '../errors.ts';
import { Feed } from '../feed.ts';
import type { GuestView } from '../management/parts/star.ts';
import { lockFile } from '../system/file-lock.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { formatMac, type MacAddress } from '../wire/mac.ts';
import { cardSockets, openCardPort } from './card-port.ts';
import { GuestCarrier } from './guest-carrier.ts';
import { Guest, stopGuest } from './guest/guest.ts';
import { checkMemory, guestImageIn, type GuestOptions } from './guest/guest-process.ts';
import type { NodeId } from '../star/identity.ts';
import type { StateDirectory } from '../daemon/state-directory.ts';

/** The user's settings of a node's guest. */
export interface GuestWish extends Pick<GuestOptions, 'attach' | 'accel' | 'qemu' | 'memory'> {
  /** The directory of the image: DIR of `etherloom guest build DIR`. */
  readonly image: string;
}

/** The settings of a node's guest. */
export interface NodeGuestOptions {
  readonly wish: GuestWish;
  readonly id: NodeId;
  readonly mac: MacAddress;
  /** The MTU of the network, in octets. */
  readonly mtu: number;
  readonly mode: GuestOptions['mode'];
  readonly extraWords?: Readonly<Record<string, string>>;
  /** The switch's directory. */
  readonly directory: string;
  readonly state: StateDirectory;
}

/** Returns the directory of a node's guest in its state directory. */
export function guestDirectory(state: string): string {
  return join(state, 'guest');
}

/** The environment of a guest: its switch, and the node's log and signal. */
export interface NodeGuestEnvironment {
  readonly plane: DataPlane;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A guest that is or was running, with the options to start it again. */
interface Started {
  readonly guest: Guest;
  readonly options: NodeGuestOptions;
  readonly scope: Scope;
}

/** The guest of a node, which can be ended and restarted. It does not exist before `start`. */
export class NodeGuest implements AsyncDisposable {
  /** The states of the guest, as they change. */
  readonly changes = new Feed<GuestView>();
  readonly #environment: NodeGuestEnvironment;
  #started: Started | undefined;
  #starts = 0;
  /** Resolves when no start or end of the guest is in progress. */
  #idle: Promise<void> = Promise.resolve();
  #disposed = false;

  constructor(environment: NodeGuestEnvironment) {
    this.#environment = environment;
  }

  /**
   * Starts a guest, or takes it over if it is already running. Adds a port for it at the switch, perhaps before the guest connects. Throws
   * the EtherloomErrors of QemuPort.open and Guest.open.
   */
  async start(options: NodeGuestOptions): Promise<void> {
    const started = await openGuest(options, this.#environment);
    this.#started = started;
    this.#starts += 1;
    started.scope.use(started.guest.watch(this.#tell));
    void started.guest.exited.then(this.#tell);
  }

  /** Returns the guest's present state; undefined if no guest was started. */
  view(): GuestView | undefined {
    if (!this.#started) return undefined;
    const { guest, options } = this.#started;
    const { booted, ready, address } = guest.state;
    const state = guest.hasEnded ? 'ended' : ready ? 'ready' : booted ? 'booted' : 'booting';
    return {
      id: options.id,
      mac: formatMac(options.mac),
      pid: guest.pid,
      state,
      address: address === undefined || guest.hasEnded ? undefined : formatIpv4(address),
      starts: this.#starts,
    };
  }

  /** Begins to end the guest and its port. Returns false if no guest was started. A failure is logged. */
  beginEnd(): boolean {
    return this.#begin('end', ({ scope }) => scope[Symbol.asyncDispose]());
  }

  /**
   * Begins to restart the guest, even if it has ended, with the options that it had, or with others. Returns false if no guest was started. A failure
   * is logged.
   */
  beginRestart(others?: NodeGuestOptions): boolean {
    return this.#begin('restart', async ({ scope, options }) => {
      await scope[Symbol.asyncDispose]();
      await this.start(others ?? options);
    });
  }

  /** Ends the guest and its port. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#idle;
    await this.#started?.scope[Symbol.asyncDispose]();
  }

  readonly #tell = (): void => {
    const view = this.changes.wanted ? this.view() : undefined;
    if (view) this.changes.emit(view);
  };

  #begin(what: string, change: (started: Started) => Promise<void>): boolean {
    if (!this.#started) return false;
    this.#idle = this.#idle.then(async () => {
      if (!this.#started || this.#disposed) return;
      const { id } = this.#started.options;
      try {
        await change(this.#started);
      } catch (error) {
        this.#environment.log.error(`cannot ${what} guest ${id}: ${reasonOf(error)}`);
      }
    });
    return true;
  }
}

function openGuest(options: NodeGuestOptions, { plane, log, signal }: NodeGuestEnvironment): Promise<Started> {
  return inScope(async (scope) => {
    const { wish, id, mac, state } = options;
    const directory = guestDirectory(resolve(state.path));
    const nic = cardSockets(directory);
    const say = (said: string, fields: Record<string, unknown> = {}): void =>
      (fields['state'] === 'died' ? log.error : log)(`guest ${id}: ${said}`, { event: 'guest', id, mac: formatMac(mac), ...fields });
    const guest = scope.use(
      await Guest.open({ ...wish, ...options, state: directory, vdeDirectory: options.directory, nic, lock: lockFile }, { signal, log }),
    );
    const carrier = scope.use(new GuestCarrier(plane, guest, log));
    await openCardPort(guest.attach, nic, carrier, plane.environment, scope);
    say(guest.adopted ? `still runs as process ${guest.pid}` : `started as process ${guest.pid}`, { state: 'started', pid: guest.pid });
    let told = '';
    scope.use(
      guest.watch(({ booted, ready, address }) => {
        const now = ready ? 'ready' : booted ? 'booted' : 'booting';
        const text = address === undefined ? now : `${now}, ${formatIpv4(address)}`;
        if (text !== told) say(text, { state: now, ...(address !== undefined && { address: formatIpv4(address) }) });
        told = text;
      }),
    );
    void guest.exited.then(({ stopped, reason, lastLines }) => {
      if (!stopped) say(`died: ${reason}`, { state: 'died', reason, lastLines });
    });
    return { guest, options, scope };
  });
}

/**
 * Ends the guest that a master or slave has left running in `state`. Returns true if one ran. Throws EtherloomError('busy') if that node is
 * still running.
 */
export async function stopNodeGuest(state: string): Promise<boolean> {
  const directory = guestDirectory(state);
  return existsSync(directory) && (await stopGuest(directory, lockFile));
}

/** Throws EtherloomError('bad-option') if the guest cannot be started. Called before anything is opened for it. */
export async function checkGuest(wish: GuestWish | undefined): Promise<void> {
  if (!wish) return;
  checkMemory(wish.memory);
  await guestImageIn(wish.image);
}
