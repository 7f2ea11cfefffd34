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
  /** Its standard output and error together, without the last line's end. */
  readonly output: string;
}

/**
 * The other end of a guest's console. It types commands into the guest's shell, once the guest has printed `READY`. QEMU serves one
 * connection at a time: while this one is open, others are not served.
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
    // An error is always followed by close, for which run() listens.
    socket.on('error', () => undefined);
  }

  /** Connects to the console at `path`. Throws EtherloomError('refused') if no QEMU listens there. */
  static async open(path: string, { signal }: ConsoleOptions = {}): Promise<GuestConsole> {
    signal?.throwIfAborted();
    const socket = connectNodeSocket(path);
    await new Promise<void>((resolve, reject) => {
      const refuse = (cause: Error): void =>
        reject(new EtherloomError('refused', `no guest has its console at ${path}: ${reasonOf(cause)}; start the guest first`, { cause }));
      socket.once('connect', () => {
        socket.off('error', refuse);
        resolve();
      });
      socket.once('error', refuse);
    });
    return new GuestConsole(socket);
  }

  /**
   * Runs a command in the guest's shell, with empty standard input. Resolves when it has ended and no process holds its output any longer.
   * Commands of one console run one after the other. Throws EtherloomError('timed-out') after `timeout` (default: 10 s), and interrupts the
   * command; EtherloomError('refused') if the guest ends; EtherloomError('bad-option') for a line that is too long for a terminal.
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

// A terminal holds 4,095 octets of a line. The rest is for the text that run() adds, and for quotes.
const longestLine = 3500;
