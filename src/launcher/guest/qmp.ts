import type { Socket } from 'node:net';
import { EtherloomError } from '../../errors.ts';
import { connectNodeSocket } from '../../system/node-socket.ts';

/** An event of QEMU. [QEMU, interop/qmp-spec, 2.5] */
export interface QmpEvent {
  /** `SHUTDOWN`, `STOP`, ... */
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The settings of a QMP connection. */
export interface QmpOptions {
  readonly signal?: AbortSignal | undefined;
  /** The time limit for an answer, in milliseconds. */
  readonly timeout?: number;
  readonly onEvent?: (event: QmpEvent) => void;
}

/**
 * A connection to QEMU by QMP, its machine protocol, with one JSON object per line. QEMU serves one connection at a time; a second one
 * waits until the first ends. [QEMU, interop/qmp-spec]
 */
export class Qmp {
  /** Resolves when either side has ended the connection. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #timeout: number;
  readonly #onEvent: ((event: QmpEvent) => void) | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #input = '';
  #lastId = 0;

  private constructor(socket: Socket, { timeout = 10_000, onEvent }: QmpOptions) {
    this.#socket = socket;
    this.#timeout = timeout;
    this.#onEvent = onEvent;
    socket.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    // An `error` is always followed by `close`, and both mean the same to the caller.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const { reject } of this.#waiting.values())
          reject(new EtherloomError('refused', 'QEMU closed its QMP connection; look at the log of the guest'));
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /**
   * Connects, reads the greeting and completes the negotiation. Throws EtherloomError: `refused` if there is no listener or QEMU ends,
   * `timed-out` if QEMU does not answer in time. Throws the signal's reason when aborted.
   */
  static async open(path: string, options: QmpOptions = {}): Promise<Qmp> {
    options.signal?.throwIfAborted();
    const qmp = new Qmp(connectNodeSocket(path), options);
    const abort = (): void => void qmp.#socket.destroy();
    options.signal?.addEventListener('abort', abort);
    try {
      await qmp.#answer(greeting, 'its greeting');
      await qmp.execute('qmp_capabilities');
      return qmp;
    } catch (error) {
      qmp.#socket.destroy();
      options.signal?.throwIfAborted();
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Runs a command and returns its result. Throws EtherloomError: `refused` with QEMU's message if the command fails, or if the connection
   * ends; `timed-out` if there is no answer in time.
   */
  async execute(command: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = this.#answer(id, `an answer to ${command}`);
    this.#socket.write(`${JSON.stringify({ execute: command, ...(parameters && { arguments: parameters }), id })}\n`);
    return answer;
  }

  /** Ends the connection. QEMU continues to run. */
  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #answer(id: number, what: string): Promise<unknown> {
    if (this.#socket.destroyed) throw new EtherloomError('refused', 'the QMP connection has ended; look at the log of the guest');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new EtherloomError('timed-out', `QEMU did not send ${what} within ${this.#timeout / 1000} s; look at the log of the guest`));
      }, this.#timeout);
      const done = <T>(settle: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer);
          settle(value);
        };
      };
      this.#waiting.set(id, { resolve: done(resolve), reject: done(reject) });
    });
  }

  #read(text: string): void {
    const lines = (this.#input + text).split('\n');
    this.#input = lines.pop() ?? '';
    for (const line of lines) {
      const message = parseMessage(line);
      if (message !== undefined) this.#take(message);
    }
  }

  #take(message: QmpMessage): void {
    if (typeof message.event === 'string') {
      this.#onEvent?.({ event: message.event, data: message.data ?? {} });
      return;
    }
    const id = message.QMP === undefined ? message.id : greeting;
    if (typeof id !== 'number') return;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (message.error === undefined) waiting?.resolve(message.return);
    else waiting?.reject(new EtherloomError('refused', `QEMU refuses: ${message.error.desc ?? 'it gave no reason'}`));
  }
}

// The greeting is not the answer to a command, so it has a number that no command uses.
const greeting = 0;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface QmpMessage {
  readonly QMP?: unknown;
  readonly id?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly desc?: string };
  readonly event?: unknown;
  readonly data?: Record<string, unknown>;
}

function parseMessage(line: string): QmpMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
