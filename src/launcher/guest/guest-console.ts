import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { EtherloomError, reasonOf } from '../../errors.ts';
import { connectNodeSocket } from '../../system/node-socket.ts';
import { plainText } from './console-log.ts';

/** The timeout in milliseconds, and the abort signal. */
export interface ConsoleOptions {
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The result of a command in the guest. */
export interface GuestAnswer {
  /** Its exit status, 0 for success. */
  readonly status: number;
  /** Its standard output and standard error together, without the last newline. */
  readonly output: string;
}

/**
 * A connection to a guest's console, which types commands into the guest's shell. The guest must have printed `READY`. QEMU serves one
 * connection at a time, so while this one is open, others wait.
 */
export class GuestConsole {
  readonly #socket: Socket;
  readonly #session = randomBytes(4).toString('hex');
  #onLine: ((line: string) => void) | undefined;
  #input = '';
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = plainText(this.#input + text).split('\n');
      this.#input = lines.pop() ?? '';
      for (const line of lines) this.#onLine?.(line);
    });
    // An `error` is always followed by `close`, which run() handles.
    socket.on('error', () => undefined);
  }

  /** Connects to the console at `path`. Throws EtherloomError('refused') if no QEMU listens there. */
  static async open(path: string, { signal }: ConsoleOptions = {}): Promise<GuestConsole> {
    signal?.throwIfAborted();
    const socket = connectNodeSocket(path);
    await new Promise<void>((resolve, reject) => {
      const refuse = (cause: Error): void =>
        reject(
          new EtherloomError('refused', `cannot connect to a guest's console at ${path}: ${reasonOf(cause)}; start the guest first`, {
            cause,
          }),
        );
      socket.once('connect', () => {
        socket.off('error', refuse);
        resolve();
      });
      socket.once('error', refuse);
    });
    return new GuestConsole(socket);
  }

  /**
   * Runs a command in the guest's shell, with empty standard input. Resolves when it has ended and no other process keeps its output open.
   * Commands on one console run one after the other. Throws EtherloomError: `timed-out` after `timeout` (default: 10 s), in which case the
   * command is interrupted; `refused` if the guest ends; `bad-option` if a line is too long for a terminal.
   */
  async run(command: string, options: ConsoleOptions = {}): Promise<GuestAnswer> {
    if (command.split('\n').some((line) => Buffer.byteLength(line) > longestLine)) {
      throw new EtherloomError('bad-option', `each line of a command for a guest must have at most ${longestLine} octets`);
    }
    const answer = this.#last.then(() => this.#run(command, options));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  /** Ends the connection; the guest keeps running. */
  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #run(command: string, { timeout = 10_000, signal }: ConsoleOptions): Promise<GuestAnswer> {
    signal?.throwIfAborted();
    const id = `${this.#session}-${++this.#count}`;
    const output: string[] = [];
    const interrupt = '\u0003';
    return new Promise<GuestAnswer>((resolve, reject) => {
      const finish = (settle: () => void): void => {
        this.#onLine = undefined;
        clearTimeout(timer);
        this.#socket.off('close', closed);
        signal?.removeEventListener('abort', aborted);
        settle();
      };
      const giveUp = (error: Error): void => {
        this.#socket.write(interrupt);
        finish(() => reject(error));
      };
      const closed = (): void =>
        finish(() => reject(new EtherloomError('refused', 'the guest closed its console during a command; look at its console log')));
      const aborted = (): void => giveUp(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      const timer = setTimeout(
        () =>
          giveUp(
            new EtherloomError(
              'timed-out',
              `the guest did not finish this command in ${timeout / 1000} s; look at its console log: ${command}`,
            ),
          ),
        timeout,
      );
      this.#onLine = (line) => {
        if (line.startsWith(`${id}| `)) output.push(line.slice(id.length + 2));
        else if (line.startsWith(`${id}= `))
          finish(() => resolve({ status: Number(line.slice(id.length + 2)), output: output.join('\n') }));
      };
      if (this.#socket.destroyed) {
        closed();
        return;
      }
      this.#socket.once('close', closed);
      signal?.addEventListener('abort', aborted);
      this.#socket.write(`run ${id} '${command.replaceAll("'", "'\\''")}'\n`);
    });
  }
}

// A line of a terminal has at most 4,095 octets. The difference is for quotes and the text that run() adds.
const longestLine = 3500;
