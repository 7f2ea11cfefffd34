import type { Files } from '../../management/files.ts';
import { blockStart, dataBlock, longestLine, type Giver, type Reply } from '../../vde-console/command.ts';
import type { Interpreter } from '../../vde-console/console-session.ts';
import type { Listener } from '../../vde-console/events.ts';
import { deepest, linesOf, ScriptBudget } from '../../vde-console/script.ts';
import { failureIn, statusLine, statusText } from '../../management/status.ts';
import { commands, type Call } from './commands.ts';
import { change, type Shown } from './showing.ts';

/** The console of a filter: takes a line, and returns a reply. Independent of sockets and terminals. */
export class FilterConsole implements Interpreter {
  readonly greeting = "\nVDE wirefilter V.2.3.2\netherloom's wirefilter, under the MIT licence\n";
  readonly prompt = '\nVDEwf$ ';
  readonly shutdown: () => void;
  readonly #shown: Shown;
  /** The sessions that receive events for changes of the Markov node. */
  readonly #told = new Set<Listener>();
  readonly #budget = new ScriptBudget();

  constructor(shown: Shown, shutdown: () => void) {
    this.#shown = shown;
    this.shutdown = shutdown;
  }

  execute(line: string, giver: Giver): Reply {
    const said = line.replace(/^[ \t]+/, '');
    if (said === '' || said.startsWith('#')) return { text: '' };
    if (line.length > longestLine) return { text: `${statusLine('E2BIG')}\n` };
    const command = commands.find(({ name }) => said.startsWith(name));
    if (!command) return { text: `${statusLine('ENOSYS')}\n` };
    const argument = said.slice(command.name.length).trim();
    if (command.name === 'load') return this.#load(argument, giver);
    const data: string[] = [];
    const call: Call = { ...this.#shown, argument, told: this.#told, listener: giver.listener, print: (one) => data.push(one) };
    const outcome = command.run(call);
    // A script cannot end the session.
    if (outcome === 'logout') return giver.depth > 0 ? { text: '' } : { text: '', then: outcome };
    if (outcome === 'shutdown') return { text: '', then: outcome };
    return { text: `${command.data ? dataBlock(data) : ''}${statusLine(outcome)}\n` };
  }

  forget(listener: Listener): void {
    this.#told.delete(listener);
  }

  /** Sends an event for a change of the Markov node to all sessions that asked for it. */
  changed(now: number, before: number): void {
    if (this.#told.size === 0) return;
    const line = change(this.#shown.filter, now, before);
    for (const listener of this.#told) listener.tell(line);
  }

  /** Runs a file at start-up without output. Calls `complain` with each failure. Returns true if the file shuts the filter down. */
  runAtStart(path: string, files: Files, complain: (line: string) => void): boolean {
    const found = files.read(path);
    if (typeof found === 'string') {
      complain(`cannot read ${path}: ${statusText(found)}`);
      return false;
    }
    this.#budget.begin();
    for (const line of linesOf(found.text)) {
      const { text, then } = this.execute(line, { files, listener: undefined, write: () => undefined, depth: 1 });
      if (then === 'shutdown') return true;
      const failure = failureIn(text);
      if (failure !== undefined) complain(`rc command error: ${line} ${failure}`);
    }
    return false;
  }

  /** Runs a file, and shows each line with its reply. */
  #load(path: string, giver: Giver): Reply {
    const found = giver.depth >= deepest ? 'ELOOP' : giver.files.read(path);
    if (typeof found === 'string') return { text: `${dataBlock([])}${statusLine(found)}\n` };
    if (giver.depth === 0) this.#budget.begin();
    this.#budget.spend(found.text.length);
    giver.write(`${blockStart}\n`);
    const within = { ...giver, depth: giver.depth + 1 };
    for (const line of linesOf(found.text)) {
      if (this.#budget.isSpent) return { text: `.\n${statusLine('EFBIG')}\n` };
      giver.write(`${this.prompt} (${path}) ${line === '' ? '\n' : line}\n`);
      const { text, then } = this.execute(line, within);
      if (then === 'shutdown') return { text, then };
      giver.write(text);
      this.#budget.spend(path.length + text.length);
    }
    return { text: `.\n${statusLine('success')}\n` };
  }
}
