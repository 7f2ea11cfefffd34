import { resolve } from 'node:path';
import { EtherloomError } from '../../errors.ts';
import { formatIpv4, parseIpv4, type Ipv4Address } from '../../wire/ipv4.ts';
import { cardName, type Attachment } from './attachment.ts';
import { ConsoleLog } from './console-log.ts';
import type { Progress } from './debian-package.ts';
import { GuestConsole } from './guest-console.ts';
import { reasonOfDeath } from './guest-death.ts';
import {
  adoptQemu,
  clearGuest,
  maxConsoleLog,
  prepareGuestDirectory,
  startGuestQemu,
  type GuestOptions,
  type RunningQemu,
} from './guest-process.ts';
import { removeGuestTraces, writeGuestRecord, type GuestFiles } from './guest-record.ts';
import { isAlive } from './process-identity.ts';
import { lastLinesOf, stopQemu } from './qemu-process.ts';

/** The progress of a guest, as it reports itself. */
export interface GuestState {
  /** Its first process runs. */
  readonly booted: boolean;
  /** It takes commands. */
  readonly ready: boolean;
  /** Its address from a DHCP server. */
  readonly address: Ipv4Address | undefined;
}

/** The end of a guest. */
export interface GuestExit {
  /** True if this process has ended it. */
  readonly stopped: boolean;
  /** The reason, for messages: a signal, an exit status, or a shutdown of the guest as reported by QEMU. */
  readonly reason: string;
  /** The last lines of its console, followed by those of QEMU itself. */
  readonly lastLines: readonly string[];
}

/**
 * A guest: a QEMU in its own session, which outlives its launcher. While this object is open, it locks the guest's directory, so there is
 * one Guest per directory. QEMU itself locks its pid file, so there is never a second QEMU.
 */
export class Guest {
  readonly id: number;
  /** True if it was already running. */
  readonly adopted: boolean;
  readonly pid: number;
  /** How its card is attached. */
  readonly attach: Attachment['kind'];
  /** The unix socket of its console. */
  readonly console: string;
  /** The file with all output of its console. */
  readonly consoleLog: string;
  /** Resolves when QEMU ends, for any reason; never after release(). */
  readonly exited: Promise<GuestExit>;
  readonly #running: RunningQemu;
  readonly #files: GuestFiles;
  readonly #lock: Disposable;
  readonly #log: ConsoleLog;
  readonly #watchers = new Set<(state: GuestState) => void>();
  readonly #pulse: NodeJS.Timeout;
  #state: GuestState = { booted: false, ready: false, address: undefined };
  #exit: GuestExit | undefined;
  #settle: ((exit: GuestExit) => void) | undefined;
  #stopping = false;
  #isBounding = false;
  #reason = '';

  private constructor(id: number, running: RunningQemu, files: GuestFiles, lock: Disposable, reason: () => string) {
    this.id = id;
    this.adopted = running.child === undefined;
    this.pid = running.record.pid;
    this.attach = running.record.attach;
    this.console = files.console;
    this.consoleLog = files.consoleLog;
    this.#running = running;
    this.#files = files;
    this.#lock = lock;
    this.exited = new Promise((settle) => (this.#settle = settle));
    this.#log = new ConsoleLog(files.consoleLog, running.record.consoleOffset, (line) => this.#hear(line));
    running.child?.once('exit', (status, signal) => {
      this.#reason = signal === null ? `QEMU ended with status ${status ?? 0}` : `QEMU was ended by ${signal}`;
      this.#lookAlive(reason());
    });
    void running.qmp.closed.then(() => this.#lookAlive(reason()));
    // The system reports only the end of child processes, and QEMU may close the QMP connection before it ends.
    this.#pulse = setInterval(() => {
      try {
        this.#lookAlive(reason());
        void this.#boundLog();
      } catch {
        // All descriptors are in use, or the disk is full. The next call tries again.
      }
    }, 500);
  }

  /**
   * Takes over the guest that runs in `state`, or starts it. Resolves when its QEMU answers; watch() reports how the guest boots. Throws
   * EtherloomError: `busy` if another launcher has it, `bad-option` without an image, `missing-peer` without a suitable QEMU, `refused`
   * with QEMU's message if it ends at once, `path-too-long`, `not-permitted`.
   */
  static async open(options: GuestOptions, progress: Progress): Promise<Guest> {
    const state = resolve(options.state);
    const files = prepareGuestDirectory(state);
    const lock = options.lock(state);
    try {
      let shutdown = '';
      const onEvent = ({ event, data }: { event: string; data: Readonly<Record<string, unknown>> }): void => {
        if (event === 'SHUTDOWN' && String(data['reason']).startsWith('guest')) shutdown = String(data['reason']);
      };
      const running = (await adoptQemu(options, files, onEvent, progress)) ?? (await startGuestQemu(options, files, onEvent, progress));
      return new Guest(options.id, running, files, lock, () => shutdown);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** True if its QEMU has ended. */
  get hasEnded(): boolean {
    return this.#exit !== undefined;
  }

  /** The progress of the guest. */
  get state(): GuestState {
    return this.#state;
  }

  /** Calls `changed` at once, and at each change of the guest's state, until it is disposed. */
  watch(changed: (state: GuestState) => void): Disposable {
    this.#watchers.add(changed);
    changed(this.#state);
    return { [Symbol.dispose]: () => void this.#watchers.delete(changed) };
  }

  /**
   * Waits for a state. Throws EtherloomError('refused') with the guest's last lines if the guest ends first, and the signal's reason when
   * aborted.
   */
  async until(reached: (state: GuestState) => boolean, signal?: AbortSignal): Promise<GuestState> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        signal?.removeEventListener('abort', aborted);
        this.#watchers.delete(changed);
        settle();
      };
      const aborted = (): void => finish(() => reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted')));
      const changed = (state: GuestState): void => {
        if (reached(state)) finish(() => resolve(state));
      };
      signal?.addEventListener('abort', aborted);
      void this.exited.then((exit) => {
        finish(() =>
          reject(new EtherloomError('refused', `guest ${this.id} ended: ${exit.reason}; its last lines:\n${exit.lastLines.join('\n')}`)),
        );
      });
      this.watch(changed);
    });
  }

  /** Opens its console for commands. The guest must be ready. */
  async openConsole(signal?: AbortSignal): Promise<GuestConsole> {
    return GuestConsole.open(this.console, { signal });
  }

  /** Sets the carrier of the guest's card on or off. Throws the EtherloomErrors of `Qmp.execute`. */
  async setCarrier(on: boolean): Promise<void> {
    await this.#running.qmp.execute('set_link', { name: cardName, up: on });
  }

  /** Releases the guest, which continues to run. The next Guest.open takes it over. */
  release(): void {
    if (this.#settle !== undefined) this.#letGo();
    this.#lock[Symbol.dispose]();
  }

  /** Ends the guest and removes its files, except its console log. Has no effect after release(). */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    if (this.#settle === undefined && this.#exit === undefined) return;
    await stopQemu(this.#running.record, this.#running.qmp);
    this.#lookAlive('');
    await this.exited;
    this.#lock[Symbol.dispose]();
  }

  #lookAlive(shutdown: string): void {
    const settle = this.#settle;
    if (settle === undefined || isAlive(this.#running.record)) return;
    if (this.#running.child?.exitCode === null && this.#running.child.signalCode === null) return; // its exit event is still to come, and has more details
    this.#log.read();
    const lastLines = [...this.#log.lastLines, ...lastLinesOf(this.#files.qemuLog)];
    const reason = reasonOfDeath({ booted: this.#state.booted, shutdown, ending: this.#reason, lastLines });
    this.#exit = { stopped: this.#stopping, reason, lastLines };
    this.#letGo();
    removeGuestTraces(this.#files, this.#running.record.sockets);
    settle(this.#exit);
  }

  #letGo(): void {
    this.#settle = undefined;
    clearInterval(this.#pulse);
    this.#running.qmp[Symbol.dispose]();
    this.#log[Symbol.dispose]();
  }

  #hear(line: string): void {
    const [word, address = ''] = line.split(' ');
    const { booted, ready } = this.#state;
    if (word === 'BOOT') this.#change({ booted: true, ready: false, address: undefined });
    else if (word === 'READY') this.#change({ ...this.#state, ready: true });
    else if (word === 'LEASE') this.#change({ booted, ready, address: parseIpv4(address) });
    else if (word === 'LOST') this.#change({ booted, ready, address: undefined });
  }

  #change(state: GuestState): void {
    this.#state = state;
    for (const changed of [...this.#watchers]) changed(state);
  }

  // Shortens a log that has grown too large. It keeps only the lines from which a later launcher learns the guest's state.
  async #boundLog(): Promise<void> {
    if (this.#isBounding || this.#log.offset < maxConsoleLog) return;
    this.#isBounding = true;
    try {
      await writeGuestRecord(this.#files.record, { ...this.#running.record, consoleOffset: 0 });
      this.#restartLog();
    } catch {
      // The disk is full. A later round tries again.
    }
    this.#isBounding = false;
  }

  #restartLog(): void {
    // The guest may have ended while the record was being written.
    if (this.#settle === undefined) return;
    const { booted, ready, address } = this.#state;
    const words = [
      booted ? 'BOOT' : '',
      ready ? 'READY' : '',
      address === undefined ? '' : `LEASE ${formatIpv4(address)} ${this.#running.record.mac}`,
    ];
    this.#log.restart(words.filter((word) => word !== ''));
  }
}

/**
 * Ends the guest that a launcher has left running in the directory `state`, and removes its files. Returns true if one ran. Throws
 * EtherloomError('busy') if its launcher is still running; end the launcher instead.
 */
export async function stopGuest(state: string, lock: GuestOptions['lock']): Promise<boolean> {
  const directory = resolve(state);
  const files = prepareGuestDirectory(directory);
  const held = lock(directory);
  try {
    return await clearGuest(files);
  } finally {
    held[Symbol.dispose]();
  }
}
