import { commands, type Call } from './commands.ts';
import type { Filter } from './filter.ts';
import { statusLine, statusText, type Status } from './status.ts';
import type { Way } from './value.ts';

/** What a console is the console of. */
export interface Managed {
  readonly filter: Filter;
  /** Whether frames go both ways; else there is but one way, LR. */
  readonly both: boolean;
  /** How many frames the far end of that way, or the near one, did not carry. */
  readonly undelivered: (way: Way) => number;
}

/** Whoever gives commands: a session, or a script at start-up. */
export interface Giver {
  /** The text of a file, or why not. */
  readonly read: (path: string) => { readonly text: string } | Status;
  /** Says a line at once. */
  readonly write: (text: string) => void;
  /** Is told of another node when `debug` is set; undefined at start-up. */
  readonly listener: { debug: boolean } | undefined;
  /** How deep in scripts; 0 is by hand. */
  readonly depth: number;
}

/** What came of a line. */
export interface Reply {
  /** Data and status, each line with its end; nothing for a line that says nothing. */
  readonly text: string;
  /** What the one who said it is to do beside. */
  readonly then?: 'logout' | 'shutdown';
}

/** The prompt. */
export const prompt = '\nVDEwf$ ';

/** What a session is greeted with. */
export const banner = "\nVDE wirefilter V.2.3.2\netherloom's wirefilter, under the MIT licence\n";

/** No line is longer, in characters. */
export const longestLine = 4096;

/** How deep scripts may load scripts. */
const deepest = 16;

/** The management of a filter: a line in, a reply out. It knows nothing of sockets and terminals. */
export class Console {
  readonly #managed: Managed;

  constructor(managed: Managed) {
    this.#managed = managed;
  }

  /** Does what a line says. It is without its end. */
  execute(line: string, giver: Giver): Reply {
    const said = line.replace(/^[ \t]+/, '');
    if (said === '' || said.startsWith('#')) return { text: '' };
    if (line.length > longestLine) return { text: `${statusLine('E2BIG')}\n` };
    const command = commands.find(({ name }) => said.startsWith(name));
    if (!command) return { text: `${statusLine('ENOSYS')}\n` };
    const argument = said.slice(command.name.length).trim();
    if (command.name === 'load') return this.#load(argument, giver);
    const data: string[] = [];
    const call: Call = { ...this.#managed, argument, listener: giver.listener, print: (one) => data.push(one) };
    const outcome = command.run(call);
    // Out of a script nobody is logged out.
    if (outcome === 'logout') return giver.depth > 0 ? { text: '' } : { text: '', then: outcome };
    if (outcome === 'shutdown') return { text: '', then: outcome };
    return { text: `${command.data ? block(data) : ''}${statusLine(outcome)}\n` };
  }

  /**
   * Runs a file at start-up. Shows nothing, but tells what went wrong. Returns why the file was not read, or that it shuts down.
   */
  runAtStart(path: string, giver: Omit<Giver, 'listener' | 'depth'>, complain: (line: string) => void): Status | 'shutdown' {
    const found = giver.read(path);
    if (typeof found === 'string') return found;
    for (const line of linesOf(found.text)) {
      const { text, then } = this.execute(line, { ...giver, listener: undefined, depth: 1 });
      if (then === 'shutdown') return 'shutdown';
      const [status] = /^1(?!000 ).*$/m.exec(text) ?? [];
      if (status !== undefined) complain(`rc command error: ${line} ${status.slice(5)}`);
    }
    return 'success';
  }

  /** Runs a file, and shows each line with its reply. */
  #load(path: string, giver: Giver): Reply {
    const found = giver.depth >= deepest ? 'ELOOP' : giver.read(path);
    if (typeof found === 'string') return { text: `${block([])}${statusLine(found)}\n` };
    giver.write(`${blockStart}\n`);
    const within = { ...giver, depth: giver.depth + 1 };
    for (const line of linesOf(found.text)) {
      giver.write(`${prompt} (${path}) ${line === '' ? '\n' : line}\n`);
      const { text, then } = this.execute(line, within);
      if (then === 'shutdown') return { text, then };
      giver.write(text);
    }
    return { text: `.\n${statusLine('success')}\n` };
  }
}

const blockStart = "0000 DATA END WITH '.'";

function block(data: readonly string[]): string {
  return [blockStart, ...data, '.', ''].join('\n');
}

/** The last line may lack its end. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Why a start-up file could not be read, for people. */
export function unreadable(path: string, status: Status): string {
  return `cannot read ${path}: ${statusText(status)}`;
}
