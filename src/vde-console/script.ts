import type { Files } from '../management/files.ts';
import type { Giver, Reply } from './command.ts';
import type { Status } from '../management/status.ts';

/** The greatest depth of nested scripts. */
export const deepest = 16;

const mostMade = 2 ** 24;
const lineCost = 256;

/**
 * The limit of one `load`, including all nested ones: 16 Mi characters that are read and shown, with a fixed charge for each line. Without
 * it, a script that loads itself twice would practically never end.
 */
export class ScriptBudget {
  #left = mostMade;

  /** Starts the budget anew, for a script that no other script loads. */
  begin(): void {
    this.#left = mostMade;
  }

  spend(characters: number): void {
    this.#left -= lineCost + characters;
  }

  get isSpent(): boolean {
    return this.#left < 0;
  }
}

/** Runs the lines of files, for `load` and at start-up. */
export class Script {
  readonly #execute: (line: string, giver: Giver) => Reply;
  readonly #budget = new ScriptBudget();

  constructor(execute: (line: string, giver: Giver) => Reply) {
    this.#execute = execute;
  }

  /** Runs a file, and writes each line with its reply. Returns EFBIG if the budget is spent. */
  load(path: string, giver: Giver): Status {
    // At start-up there is no session that could show it.
    if (!giver.listener) return 'ENOSYS';
    if (giver.depth >= deepest) return 'ELOOP';
    const found = giver.files.read(path);
    if (typeof found === 'string') return found;
    if (giver.depth === 0) this.#budget.begin();
    this.#budget.spend(found.text.length);
    const within = { ...giver, depth: giver.depth + 1 };
    for (const line of linesOf(found.text)) {
      if (this.#budget.isSpent) return 'EFBIG';
      // An empty line is an unknown command, as in the original.
      giver.write(`vde[${path}]: ${line === '' ? '\n' : line}\n`);
      const { text } = this.#execute(line === '' ? '\n' : line, within);
      giver.write(text);
      this.#budget.spend(path.length + text.length);
    }
    return 'success';
  }

  /** Runs a file at start-up, without output. Returns the reason if it cannot be read. */
  runAtStart(path: string, files: Files): Status {
    const found = files.read(path);
    if (typeof found === 'string') return found;
    for (const line of linesOf(found.text)) this.#execute(line, { files, listener: undefined, write: () => undefined, depth: 1 });
    return 'success';
  }
}

/** Splits a script into lines. The last one may lack its end. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
