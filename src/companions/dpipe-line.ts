/**
 * Commands joined by `=`, and which end of which pipe each of them gets.
 *
 *   a = b              a and b speak to each other
 *   a = b = c          b speaks to c, too: by descriptors of its own for that, the alternate ones
 *   a =} b }= c        what a says to c goes through b; what c says to a does not
 *   a ={ b {= c        what c says to a goes through b; what a says to c does not
 *   a =} b }={ c {= d  both, each through its own
 */
import { EtherloomError } from '../errors.ts';

/** An end of the pipe of that number. */
export interface PipeEnd {
  readonly pipe: number;
  readonly way: 'read' | 'write';
}

/** A command, and its descriptors. */
export interface PipedCommand {
  readonly argv: readonly string[];
  readonly input: PipeEnd;
  readonly output: PipeEnd;
  /** Where it speaks to the right, when it has others on both sides. */
  readonly alternate?: { readonly input: PipeEnd; readonly output: PipeEnd };
}

/** A whole line. */
export interface PipedLine {
  readonly pipes: number;
  /** Two at least. */
  readonly commands: readonly PipedCommand[];
}

type Kind = 'both' | 'rightward' | 'leftward';

interface Part {
  readonly kind: Kind;
  readonly argv: string[];
}

/** An argument that begins so separates; what comes behind is only looked at for the brace. */
const separator = /^([{}]?)=([{}]?)/;

const kindOf: Readonly<Record<string, Kind>> = { '': 'both', '}': 'rightward', '{': 'leftward' };

/** Reads a line. Throws EtherloomError('bad-option') that says what is wrong with it. */
export function parsePipedLine(line: readonly string[]): PipedLine {
  const parts = partsOf(line);
  const last = parts.at(-1);
  if (parts.length < 2) throw new EtherloomError('bad-option', 'the line must have at least two commands, joined by =');
  if (last?.kind !== 'both')
    throw new EtherloomError('bad-option', `the command ${last?.argv[0] ?? ''} is not closed; end =} with }=, and ={ with {=`);
  return join(parts);
}

function partsOf(line: readonly string[]): Part[] {
  const parts: Part[] = [{ kind: 'both', argv: [] }];
  for (const word of line) {
    const current = parts.at(-1);
    const match = separator.exec(word);
    if (!match) {
      current?.argv.push(word);
      continue;
    }
    if (!current || current.argv.length === 0) throw new EtherloomError('bad-option', `there is no command before ${word}; give one`);
    const [, closing = '', opening = ''] = match;
    if (kindOf[closing] !== current.kind) {
      const right = current.kind === 'both' ? '=' : current.kind === 'rightward' ? '}=' : '{=';
      throw new EtherloomError('bad-option', `${word} cannot follow the command ${current.argv[0] ?? ''}; use ${right}`);
    }
    parts.push({ kind: kindOf[opening] ?? 'both', argv: [] });
  }
  if (parts.at(-1)?.argv.length === 0)
    throw new EtherloomError('bad-option', 'the last command is missing; give one after the last separator');
  return parts;
}

/**
 * From left to right two pipes are open: one on which somebody speaks to the right, and one on which somebody hears from there. Each command
 * takes hold of their other ends.
 */
function join(parts: readonly Part[]): PipedLine {
  const commands: PipedCommand[] = [];
  let pipes = 0;
  const newPipe = (): { read: PipeEnd; write: PipeEnd } => {
    const pipe = pipes++;
    return { read: { pipe, way: 'read' }, write: { pipe, way: 'write' } };
  };
  let [rightward, leftward] = [newPipe(), newPipe()];
  commands.push({ argv: parts[0]?.argv ?? [], input: leftward.read, output: rightward.write });
  for (const [i, { kind, argv }] of parts.entries()) {
    if (i === 0) continue;
    if (kind === 'rightward') {
      const next = newPipe();
      commands.push({ argv, input: rightward.read, output: next.write });
      rightward = next;
    } else if (kind === 'leftward') {
      const next = newPipe();
      commands.push({ argv, input: next.read, output: leftward.write });
      leftward = next;
    } else {
      const near = { input: rightward.read, output: leftward.write };
      if (i === parts.length - 1) commands.push({ argv, ...near });
      else {
        [rightward, leftward] = [newPipe(), newPipe()];
        commands.push({ argv, ...near, alternate: { input: leftward.read, output: rightward.write } });
      }
    }
  }
  return { pipes, commands };
}
