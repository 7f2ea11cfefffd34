import type { Socket } from 'node:net';
import type { Clock, Timer } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import { connectConsole } from './connect.ts';
import { ReplyReader } from './reply-reader.ts';

/** Which console, and who sees what it says besides replies. */
export interface ClientOptions {
  readonly path: string;
  readonly clock: Clock;
  /** How long the console may say nothing while it is waited for, in milliseconds. Default: 10,000. */
  readonly patience?: number;
  /** Sees all that is sent and received, as it is. */
  readonly trace?: (way: 'sent' | 'received', text: string) => void;
  /** Is told of things that happen. */
  readonly event?: (text: string) => void;
}

/** What came of a command. */
export interface Answer {
  /** 0, or an errno. Undefined when the console said none: to an empty line, or because it ended the session. */
  readonly status: number | undefined;
  /** What the errno means. */
  readonly text: string;
}

interface Asked {
  readonly data: (line: string) => void;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** A session at a console, the switch's or wirefilter's, ours or the original's. Replies are read as they are written, not by time. */
export class ConsoleClient implements Disposable {
  /** What the console says of itself first. */
  readonly banner: string[] = [];
  /** Settles when the session is over: with nothing when the console says so or was told to end, else with why. */
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
    socket.on('error', () => undefined); // its end follows
    socket.once('close', () => this.#end(isFarewell(this.#command) ? undefined : closed));
  }

  /** Resolves when the console waits for a command. Throws EtherloomError that says what helps. */
  static async open(options: ClientOptions): Promise<ConsoleClient> {
    const client = new ConsoleClient(await connectConsole(options.path), options);
    await new Promise<Answer>((resolve, reject) => client.#ask({ data: () => undefined, resolve, reject }));
    return client;
  }

  /** Whether the session is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** How the console asks for a command: `vde$ `. */
  get prompt(): string {
    return this.#prompt;
  }

  /**
   * Gives a command, one at a time. `data` gets each line of data. Throws EtherloomError: `timed-out` when the console says nothing,
   * `refused` when it is gone.
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

/** Why a session ended that nobody told to end. */
const closed = 'the console closed the connection';

const noAnswer: Answer = { status: undefined, text: '' };

/** Whether a command ends the session: some consoles then only close. */
function isFarewell(command: string): boolean {
  return /^[ \t]*(?:logout|shutdown)/.test(command);
}
