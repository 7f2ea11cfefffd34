/** The parts of a console's output. */
export interface ReplyEvents {
  /** A line before the first prompt. */
  readonly banner: (line: string) => void;
  /** The console waits for a command. `text` is its prompt: `vde$ `. */
  readonly prompt: (text: string) => void;
  /** A line of data, or of a script's output. */
  readonly data: (line: string) => void;
  /** The status of a command: 0, or an errno; and its text. */
  readonly status: (code: number, text: string) => void;
  /** An event: the line without its number. */
  readonly event: (text: string) => void;
  /** The console ends the session. */
  readonly over: () => void;
}

/** The longest line, in characters. A longer one is passed on in pieces. */
const longestLine = 2 ** 16;

/**
 * Parses the output of a VDE console, of a switch or of wirefilter, in pieces of any size:
 *
 *     0000 DATA END WITH '.'     begins data, which a line with a dot ends
 *     1022 Invalid argument      is the status of a command; 1000 is success
 *     3021 port/+ 01             is an event, at any time
 *     9999 END OF SESSION        is the last text, without a line end
 *     vde$                       is the prompt, without a line end; events follow it directly
 */
export class ReplyReader {
  readonly #events: ReplyEvents;
  #rest = '';
  #prompt: string | undefined;
  /** The number of open blocks of data. */
  #depth = 0;
  #nested = false;

  constructor(events: ReplyEvents) {
    this.#events = events;
  }

  /** Sets the command that is answered next. The output of `load` contains replies. */
  expect(command: string): void {
    this.#nested = command.trimStart().startsWith('load');
    this.#depth = 0;
  }

  /** Takes the next piece of output. */
  read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
    while (this.#rest.length > longestLine) {
      this.#line(this.#rest.slice(0, longestLine));
      this.#rest = this.#rest.slice(longestLine);
    }
    this.#unended();
  }

  /** Handles text without a line end: a prompt, or the end of the session. */
  #unended(): void {
    const rest = this.#rest;
    if (rest.startsWith('9999 ')) this.#events.over();
    else if (this.#depth === 0 && this.#isPrompt(rest)) {
      this.#rest = '';
      this.#prompt = rest;
      this.#events.prompt(rest);
    }
  }

  #isPrompt(text: string): boolean {
    return this.#prompt === undefined ? /^[^\s$]{1,32}\$ $/.test(text) : text === this.#prompt;
  }

  #line(line: string): void {
    if (this.#prompt === undefined) {
      // Banner and prompt may come together, followed by an event.
      const [, prompt, rest] = /^([^\s$]{1,32}\$ )(.+)$/.exec(line) ?? [];
      if (prompt === undefined || rest === undefined) this.#events.banner(line);
      else this.#prompted(prompt, rest);
    } else if (this.#depth > 0) this.#data(line);
    else if (line.startsWith(this.#prompt) && !this.#nested) this.#prompted(this.#prompt, line.slice(this.#prompt.length));
    else this.#said(line);
  }

  #prompted(prompt: string, rest: string): void {
    this.#prompt = prompt;
    this.#events.prompt(prompt);
    this.#said(rest);
  }

  #data(line: string): void {
    if (line === '.') this.#depth--;
    else if (this.#nested && line.startsWith('0000 ')) this.#depth++;
    else this.#events.data(line);
  }

  #said(line: string): void {
    const [, digit, number, text = ''] = /^([0139])(\d{3}|-\d\d) ?(.*)$/.exec(line) ?? [];
    if (digit === '0') this.#depth = 1;
    else if (digit === '1') this.#events.status(Number(number), text);
    else if (digit === '3') this.#events.event(text);
    else if (digit === '9') this.#events.over();
    else if (this.#nested && line !== '') this.#events.data(line);
  }
}
