import type { Files } from '../management/files.ts';
import type { Giver, Reply } from './command.ts';
import type { Status } from '../management/status.ts';

/** How deep scripts may load scripts. */
export const deepest = 16;

const mostMade = 2 ** 24;
const lineCost = 256;

/**
 * What one `load` may make, all that it loads in turn included: 16 Mi characters that are read and shown, and so many for each line. A script
 * that loads itself twice would not end in a lifetime.
 */
export class ScriptBudget {
  #left = mostMade;

  /** A script begins that no other one loads. */
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

/** Runs the lines of files: `load`, and what is read at start-up. */
export class Script {
  readonly #execute: (line: string, giver: Giver) => Reply;
  readonly #budget = new ScriptBudget();

  constructor(execute: (line: string, giver: Giver) => Reply) {
    this.#execute = execute;
  }

  /** Runs a file, and writes each line with its reply. EFBIG ends one that makes too much. */
  load(path: string, giver: Giver): Status {
    // At start-up nobody is there whom it could be shown to.
    if (!giver.listener) return 'ENOSYS';
    if (giver.depth >= deepest) return 'ELOOP';
    const found = giver.files.read(path);
    if (typeof found === 'string') return found;
    if (giver.depth === 0) this.#budget.begin();
    this.#budget.spend(found.text.length);
    const within = { ...giver, depth: giver.depth + 1 };
    for (const line of linesOf(found.text)) {
      if (this.#budget.isSpent) return 'EFBIG';
      // An empty line is a command that is not there: so it is in the original, and nobody gains by another reply.
      giver.write(`vde[${path}]: ${line === '' ? '\n' : line}\n`);
      const { text } = this.#execute(line === '' ? '\n' : line, within);
      giver.write(text);
      this.#budget.spend(path.length + text.length);
    }
    return 'success';
  }

  /** Runs a file at start-up, and shows nothing. Returns why it was not read. */
  runAtStart(path: string, files: Files): Status {
    const found = files.read(path);
    if (typeof found === 'string') return found;
    for (const line of linesOf(found.text)) this.#execute(line, { files, listener: undefined, write: () => undefined, depth: 1 });
    return 'success';
  }
}

/** The last line may lack its end. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
