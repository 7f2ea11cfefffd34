import { createInterface, type Interface } from 'node:readline';
import { ConsoleClient } from './client.ts';
import type { RelayOptions } from './relay.ts';

/** The two sides of a terminal. */
export interface TerminalOptions extends RelayOptions {
  /** True for a terminal with a user: lines are edited, and there is a prompt. Otherwise only replies are shown. */
  readonly interactive: boolean;
}

/** The number of lines in the history. */
const historySize = 500;

/**
 * Implements `vdeterm`, a console for people, with history, completion of commands, replies without their numbers, and events as they come.
 * Resolves with the reason why the session is over, or with undefined if the user left it. Throws an EtherloomError that says what to do.
 */
export async function converse(options: TerminalOptions): Promise<string | undefined> {
  const { path, clock } = options;
  const screen = new Screen(options);
  using client = await ConsoleClient.open({ path, clock, event: (text) => screen.show(`** DBG MSG: ${text}`) });
  const commands: string[] = [];
  let isTable = false;
  await client.command('help', (line) => {
    const [word = '', heading = ''] = line.split(/\s+/);
    if (isTable && !heading.startsWith('===')) commands.push(word);
    isTable ||= line.startsWith('---');
  });
  const typed = screen.open(client, commands);
  void client.over.then(() => screen.close());
  for await (const line of typed) {
    screen.answer();
    const { text } = await client.command(line, (data) => screen.show(data));
    if (client.isOver) break;
    if (text !== '') screen.show(text);
    screen.ask();
  }
  if (client.isOver) return await client.over;
  screen.close();
  return undefined;
}

/** The lines typed and shown. A line that is shown while the user types does not disturb the input line. */
class Screen {
  readonly #options: TerminalOptions;
  #lines: Interface | undefined;
  #isAsking = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** Shows the banner, and yields the lines of input in their order. */
  open({ banner, prompt }: ConsoleClient, commands: readonly string[]): AsyncIterable<string> {
    const { input, output, interactive, path } = this.#options;
    this.#lines = createInterface({
      input,
      historySize,
      terminal: interactive,
      ...(interactive && { output }),
      prompt: `${prompt.replace(/\$ $/, '')}[${path}]: `,
      completer: (line: string) => [commands.filter((command) => command.startsWith(line)), line],
    });
    if (interactive) for (const line of banner) this.show(line);
    // Created before anything is awaited: earlier lines would be lost.
    const typed = this.#lines[Symbol.asyncIterator]();
    this.ask();
    return { [Symbol.asyncIterator]: () => typed };
  }

  /** Shows a line. */
  show(line: string): void {
    const { output, interactive } = this.#options;
    const isTyping = interactive && this.#isAsking;
    output.write(`${isTyping ? clearLine : ''}${line}\n`);
    if (isTyping) this.#lines?.prompt(true);
  }

  /** Asks for a line. */
  ask(): void {
    this.#isAsking = true;
    if (this.#options.interactive) this.#lines?.prompt();
  }

  /** Marks the last line as read: all lines shown now answer it. */
  answer(): void {
    this.#isAsking = false;
  }

  close(): void {
    if (!this.#lines) return;
    this.#lines.close();
    this.#lines = undefined;
    if (this.#options.interactive) this.#options.output.write('\n');
  }
}

/** Moves to the beginning of the line, and clears it. [ECMA-48] */
const clearLine = '\r\u001b[K';
