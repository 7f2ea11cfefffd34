import type { Socket } from 'node:net';
import type { Clock, Timer } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import { connectConsole } from './connect.ts';
import { ReplyReader } from './reply-reader.ts';

/** The console to connect to, and the callbacks of a session. */
export interface ClientOptions {
  readonly path: string;
  readonly clock: Clock;
  /** How long the console may be silent while a reply is awaited, in milliseconds. Default: 10,000. */
  readonly patience?: number;
  /** Called with all text that is sent and received, unchanged. */
  readonly trace?: (way: 'sent' | 'received', text: string) => void;
  /** Called with each event. */
  readonly event?: (text: string) => void;
}

/** The result of a command. */
export interface Answer {
  /** 0, or an errno. Undefined if the console sent no status: after an empty line, or because it ended the session. */
  readonly status: number | undefined;
  /** The text that belongs to the errno. */
  readonly text: string;
}

interface Asked {
  readonly data: (line: string) => void;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** A session at a console, of a switch or of wirefilter, ours or the original's. The end of a reply is found from its text, not by time. */
export class ConsoleClient implements Disposable {
  /** The lines that the console sends first. */
  readonly banner: string[] = [];
  /** Resolves when the session is over: with undefined if the console ended it or was asked to, else with the reason. */
  readonly over: Promise<string | undefined>;
  readonly #options: ClientOptions;
  readonly #socket: Socket;
  readonly #reader: ReplyReader;
  #prompt = '';
  #asked: Asked | undefined;
  #answer: Answer = noAnswer;
  #timer: Timer | undefined;
  #isOver = false;
  #command = '';
  #settle: (reason: string | undefined) => void = () => undefined;

  private constructor(socket: Socket, options: ClientOptions) {
    this.#options = options;
    this.#socket = socket;
    this.over = new Promise((resolve) => (this.#settle = resolve));
    this.#reader = new ReplyReader({
      banner: (line) => this.banner.push(line),
      prompt: (text) => this.#prompted(text),
      data: (line) => this.#asked?.data(line),
      status: (status, text) => (this.#answer = { status, text }),
      event: (text) => options.event?.(text),
      over: () => this.#end(undefined),
    });
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      options.trace?.('received', text);
      this.#wait();
      this.#reader.read(text);
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.once('close', () => this.#end(isFarewell(this.#command) ? undefined : closed));
  }

  /** Resolves when the console waits for a command. Throws an EtherloomError that says what to do. */
  static async open(options: ClientOptions): Promise<ConsoleClient> {
    const client = new ConsoleClient(await connectConsole(options.path), options);
    await new Promise<Answer>((resolve, reject) => client.#ask({ data: () => undefined, resolve, reject }));
    return client;
  }

  /** True if the session is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The console's prompt: `vde$ `. */
  get prompt(): string {
    return this.#prompt;
  }

  /**
   * Sends a command. Only one may be open at a time. `data` is called with each line of data. Throws EtherloomError: `timed-out` if the
   * console is silent, `refused` if it is gone.
   */
  command(line: string, data: (line: string) => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#reader.expect(line);
      this.#command = line;
      this.#ask({ data, resolve, reject });
      if (this.#isOver) return;
      this.#options.trace?.('sent', `${line}\n`);
      this.#socket.write(`${line}\n`);
    });
  }

  /** Leaves the console. */
  [Symbol.dispose](): void {
    this.#command = 'logout';
    this.#socket.end('logout\n');
    this.#timer?.[Symbol.dispose]();
    this.#socket.destroySoon();
  }

  #ask(asked: Asked): void {
    this.#answer = noAnswer;
    this.#asked = asked;
    if (this.#isOver) this.#fail('refused', closed);
    else this.#wait();
  }

  #prompted(text: string): void {
    this.#prompt = text;
    this.#timer?.[Symbol.dispose]();
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.resolve(this.#answer);
  }

  #wait(): void {
    this.#timer?.[Symbol.dispose]();
    if (!this.#asked) return;
    const { clock, patience = 10_000, path } = this.#options;
    this.#timer = clock.after(patience, () => {
      this.#fail('timed-out', `${path} did not answer in ${patience / 1000} s; check that it is the console of a switch or of wirefilter`);
      this.#socket.destroy();
    });
  }

  #end(reason: string | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
    this.#socket.destroy();
    const asked = this.#asked;
    if (reason === undefined) {
      this.#asked = undefined;
      asked?.resolve({ status: isFarewell(this.#command) ? undefined : this.#answer.status, text: '' });
    } else this.#fail('refused', reason);
    this.#settle(reason);
  }

  #fail(code: 'refused' | 'timed-out', message: string): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.reject(new EtherloomError(code, message));
  }
}

/** The reason if the console ends the session unasked. */
const closed = 'the console closed the connection';

const noAnswer: Answer = { status: undefined, text: '' };

/** Returns true if a command ends the session. Some consoles then close without a reply. */
function isFarewell(command: string): boolean {
  return /^[ \t]*(?:logout|shutdown)/.test(command);
}
