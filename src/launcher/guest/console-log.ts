import { appendFileSync, closeSync, openSync, readSync, truncateSync, watch } from 'node:fs';
import { EtherloomError } from '../../errors.ts';

/** Removes escape sequences and carriage returns from a console's output. */
export function plainText(text: string): string {
  return text.replaceAll(escapeSequence, '').replaceAll('\r', '');
}

/** Follows the file to which QEMU appends the guest's console output. */
export class ConsoleLog {
  readonly #path: string;
  readonly #fd: number;
  readonly #watcher: { close(): void };
  readonly #onLine: (line: string) => void;
  readonly #last: string[] = [];
  readonly #decoder = new TextDecoder();
  #offset: number;
  #partial = '';
  #disposed = false;

  /**
   * Starts at `offset`. `onLine` is called with each complete line, in order, including lines that are already in the file. The file must
   * exist.
   */
  constructor(path: string, offset: number, onLine: (line: string) => void) {
    this.#path = path;
    this.#offset = offset;
    this.#onLine = onLine;
    this.#fd = openSync(path, 'r');
    try {
      this.#watcher = watch(path, { persistent: false }, () => this.read()).on('error', () => this.#watcher.close());
    } catch (error) {
      closeSync(this.#fd);
      throw new EtherloomError('system', `${path} cannot be watched; see fs.inotify.max_user_watches in sysctl`, { cause: error });
    }
    this.read();
  }

  /** The number of octets read from the file. */
  get offset(): number {
    return this.#offset;
  }

  /** The last lines, oldest first, including an unfinished one. */
  get lastLines(): string[] {
    return [...this.#last, this.#partial].filter((line) => line.trim() !== '');
  }

  /** Reads the text that was appended since the last read, without waiting for a notification. */
  read(): void {
    const chunk = Buffer.allocUnsafe(65_536);
    // A callback may dispose of this object.
    while (!this.#disposed) {
      const length = readSync(this.#fd, chunk, 0, chunk.length, this.#offset);
      if (length === 0) return;
      this.#offset += length;
      this.#take(this.#decoder.decode(chunk.subarray(0, length), { stream: true }));
    }
  }

  /**
   * Replaces the content of the file by these lines, without passing them to `onLine`. QEMU always appends at the end, so its output
   * follows them.
   */
  restart(lines: readonly string[]): void {
    truncateSync(this.#path, 0);
    const text = lines.map((line) => `${line}\n`).join('');
    appendFileSync(this.#path, text);
    this.#offset = Buffer.byteLength(text);
  }

  /** Stops following. A second call has no effect. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#watcher.close();
    closeSync(this.#fd);
  }

  #take(text: string): void {
    const lines = (this.#partial + plainText(text)).split('\n');
    this.#partial = (lines.pop() ?? '').slice(-4096);
    for (const line of lines) {
      this.#last.push(line);
      if (this.#last.length > 80) this.#last.shift();
      this.#onLine(line);
    }
  }
}

const escape = '\u001b';

// ESC [ parameters, intermediates, final [ECMA-48, 5.4]; and the sequences of two characters.
const escapeSequence = new RegExp(`${escape}(?:\\[[0-?]*[ -/]*[@-~]|[78@-Z\\\\^_])`, 'g');
