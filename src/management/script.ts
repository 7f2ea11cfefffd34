import type { Files, Giver } from './command.ts';
import type { Reply } from './console.ts';
import type { Status } from './status.ts';

/** How deep scripts may load scripts. */
const deepest = 16;

/** Runs the lines of files: `load`, and what is read at start-up. */
export class Script {
  readonly #execute: (line: string, giver: Giver) => Reply;

  constructor(execute: (line: string, giver: Giver) => Reply) {
    this.#execute = execute;
  }

  /** Runs a file, and writes each line with its reply. */
  load(path: string, giver: Giver): Status {
    // At start-up nobody is there whom it could be shown to.
    if (!giver.listener) return 'ENOSYS';
    if (giver.depth >= deepest) return 'ELOOP';
    const found = giver.files.read(path);
    if (typeof found === 'string') return found;
    const within = { ...giver, depth: giver.depth + 1 };
    for (const line of linesOf(found.text)) {
      // An empty line is a command that is not there: so it is in the original, and nobody gains by another reply.
      giver.write(`vde[${path}]: ${line === '' ? '\n' : line}\n`);
      giver.write(this.#execute(line === '' ? '\n' : line, within).text);
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
