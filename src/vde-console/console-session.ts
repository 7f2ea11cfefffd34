import type { Files } from '../management/files.ts';
import { longestLine, type Giver, type Reply } from './command.ts';
import type { Listener } from './events.ts';

/** The console that a session talks to: that of a switch, or of another program that is managed by lines of text. */
export interface Interpreter {
  /** The first lines of a session. */
  readonly greeting: string;
  /** The prompt for a line. */
  readonly prompt: string;
  /** Executes a line, which is given without its end. */
  execute(line: string, giver: Giver): Reply;
  /** Stops sending events to a listener. */
  forget(listener: Listener): void;
  /** Ends the managed program at the request of a giver. */
  shutdown(giver: Giver): void;
}

/** The output of a session. */
export interface Terminal {
  /** Shows text. */
  write(text: string): void;
  /** Shows the prompt. */
  prompt(text: string): void;
  /** Returns the number of octets that were written but not taken yet. */
  readonly backlog: () => number;
  /** Called when the session continues after it waited for something other than the terminal. */
  wake(): void;
  /** Ends the terminal after it has shown all that was written. */
  end(): void;
}

/** The settings of a session. */
export interface SessionOptions {
  readonly terminal: Terminal;
  /** The files, opened with the rights of the session's user. */
  readonly files: Files;
  /** True if the session gets a greeting, and `logout` ends it. False for a session at the program's own terminal. */
  readonly remote: boolean;
}

/** The backlog, in octets, above which a session is not read and gets no events. */
const mostBacklog = 2 ** 20;

/**
 * A session at a console. Lines end with LF. A piece without an LF also counts as a line if no line has begun, since clients send commands that way.
 * All lines of a piece are executed, and every reply is sent whole. A client that does not read its replies is not read either.
 */
export class ConsoleSession implements Listener {
  readonly #console: Interpreter;
  readonly #terminal: Terminal;
  readonly #remote: boolean;
  readonly #giver: Giver;
  #lines: string[] = [];
  /** The beginning of an unfinished line. */
  #begun = '';
  #lost = 0;
  #holding = false;
  #open = true;

  constructor(console: Interpreter, { terminal, files, remote }: SessionOptions) {
    this.#console = console;
    this.#terminal = terminal;
    this.#remote = remote;
    this.#giver = { files, listener: this, write: (text) => terminal.write(text), depth: 0 };
    if (!remote) return;
    terminal.write(console.greeting);
    terminal.prompt(console.prompt);
  }

  /** True if no more input should be received now. */
  get congested(): boolean {
    return this.#open && (this.#holding || this.#lines.length > 0 || this.#terminal.backlog() > mostBacklog);
  }

  /** True if a reply waits for a file that is being written. */
  get holding(): boolean {
    return this.#holding;
  }

  /** Takes a piece of input. */
  receive(piece: string): void {
    // A piece is empty if only part of a character has arrived. Input after the end of the session is ignored.
    if (piece === '' || !this.#open) return;
    // A longer piece was not typed as one command, so it is the beginning of a line.
    const isLine = this.#begun === '' && !piece.includes('\n') && piece.length <= longestLine;
    if (isLine) this.#lines.push(piece);
    else {
      const lines = (this.#begun + piece).split('\n');
      // A line that is too long is refused, so the rest of it need not be kept.
      this.#begun = (lines.pop() ?? '').slice(0, longestLine + 1);
      this.#lines.push(...lines);
    }
    this.resume();
  }

  /** Ends the input. A line without an end is executed too. */
  finish(): void {
    if (this.#begun !== '' && this.#open) this.#lines.push(this.#begun);
    this.#begun = '';
    this.resume();
  }

  /** Continues with the received lines, after the terminal has taken its output. */
  resume(): void {
    while (this.#open && !this.#holding && this.#terminal.backlog() <= mostBacklog) {
      const line = this.#lines.shift();
      if (line === undefined) return;
      this.#run(line);
    }
  }

  tell(line: string): void {
    if (!this.#open) return;
    if (this.#terminal.backlog() > mostBacklog) {
      this.#lost += 1;
      return;
    }
    if (this.#lost > 0) this.#terminal.write(`3077 debug/lost ${this.#lost}\n`);
    this.#lost = 0;
    this.#terminal.write(`${line}\n`);
  }

  /** Ends the session after the client is gone. */
  close(): void {
    this.#open = false;
    this.#lines = [];
    this.#console.forget(this);
  }

  #run(line: string): void {
    const reply = this.#console.execute(line, this.#giver);
    const closing = this.#giver.files.closing();
    if (closing) void this.#hold(reply, closing);
    else this.#answer(reply);
  }

  /** Delays the reply until the closed files are whole, so that a client can read them then. Other lines wait meanwhile. */
  async #hold(reply: Reply, closing: Promise<void>): Promise<void> {
    this.#holding = true;
    await closing;
    this.#holding = false;
    if (!this.#open) return;
    this.#answer({ ...reply, text: reply.settled?.() ?? reply.text });
    this.#terminal.wake();
  }

  #answer({ text, then }: Reply): void {
    if (then === 'shutdown' || (then === 'logout' && this.#remote)) {
      this.close();
      if (this.#remote) this.#terminal.write('9999 END OF SESSION');
      this.#terminal.end();
      if (then === 'shutdown') this.#console.shutdown(this.#giver);
      return;
    }
    this.#terminal.write(text);
    this.#terminal.prompt(this.#console.prompt);
  }
}
