import type { Files } from '../../management/files.ts';
import { dataBlock, longestLine, type Giver, type Reply } from '../../vde-console/command.ts';
import type { Interpreter } from '../../vde-console/console-session.ts';
import { deepest, ScriptBudget } from '../../vde-console/script.ts';
import { failureIn, statusLine, statusText, type Status } from '../../management/status.ts';
import type { Autolink } from './autolink.ts';
import { commands } from './commands.ts';

/** The commands of the console itself, in the order of `help`. */
const own = [
  { name: 'help', help: 'show the commands', syntax: undefined },
  { name: 'shutdown', help: 'end all links, and vde_autolink', syntax: undefined },
  { name: 'runscript', help: 'run the commands of a file', syntax: 'PATH' },
] as const;

/** The console of a vde_autolink: takes a line, and returns a reply. */
export class AutolinkConsole implements Interpreter {
  readonly greeting = "\nVDE autolink V.2.3.2\netherloom's vde_autolink, under the MIT licence\n";
  readonly prompt = '\nVDEal$ ';
  readonly shutdown: () => void;
  readonly #autolink: Autolink;
  readonly #sock: string;
  readonly #budget = new ScriptBudget();

  constructor(autolink: Autolink, sock: string, shutdown: () => void) {
    this.#autolink = autolink;
    this.#sock = sock;
    this.shutdown = shutdown;
  }

  execute(line: string, giver: Giver): Reply {
    const said = line.trim();
    if (said === '' || said.startsWith('#')) return { text: '' };
    if (line.length > longestLine) return { text: `${statusLine('E2BIG')}\n` };
    const [, name = '', argument = ''] = /^(\S+)\s*(.*)$/s.exec(said) ?? [];
    if (name === 'shutdown') return { text: '', then: 'shutdown' };
    // A script cannot end the session.
    if (name === 'logout') return giver.depth > 0 ? { text: '' } : { text: '', then: 'logout' };
    if (name === 'help') return { text: block(help(), 'success') };
    if (name === 'runscript') return { text: block([], this.#runScript(argument, giver)) };
    const command = commands.find((one) => one.name === name);
    if (!command) return { text: `${statusLine('ENOSYS')}\n` };
    const data: string[] = [];
    const status = command.run({ autolink: this.#autolink, sock: this.#sock, argument, print: (one) => data.push(one) });
    return { text: block(data, status) };
  }

  /** Has no effect, since this console has no events. */
  forget(): void {
    return;
  }

  /** Runs a file's commands at start-up. Calls `complain` with each command that failed and the reason. */
  runAtStart(path: string, files: Files, complain: (line: string) => void): void {
    this.#budget.begin();
    const status = this.#run(path, { files, listener: undefined, write: () => undefined, depth: 0 }, complain);
    if (status !== 'success') complain(`cannot read ${path}: ${statusText(status)}`);
  }

  #runScript(path: string, giver: Giver): Status {
    if (giver.depth >= deepest) return 'ELOOP';
    if (giver.depth === 0) this.#budget.begin();
    return this.#run(path, giver, () => undefined);
  }

  #run(path: string, giver: Giver, complain: (line: string) => void): Status {
    const found = giver.files.read(path);
    if (typeof found === 'string') return found;
    this.#budget.spend(found.text.length);
    for (const line of found.text.split('\n')) {
      if (this.#budget.isSpent) return 'EFBIG';
      const { text, then } = this.execute(line, { ...giver, depth: giver.depth + 1 });
      if (then === 'shutdown') this.shutdown();
      const failure = failureIn(text);
      if (failure !== undefined) complain(`${path}: ${line.trim()}: ${failure}`);
    }
    return 'success';
  }
}

function help(): string[] {
  return [...own, ...commands].map(({ name, help: text, syntax }) => {
    const usage = syntax === undefined ? '' : ` [args: ${syntax}]`;
    return `${`${name}:`.padEnd(14)}${text}${usage}`;
  });
}

function block(data: readonly string[], status: Status): string {
  return `${dataBlock(data)}${statusLine(status)}\n`;
}
