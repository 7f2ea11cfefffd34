/**
 * Commands joined by `=`, and the pipe ends that each of them gets.
 *
 *     a = b              a and b exchange data
 *     a = b = c          b also exchanges data with c, through its alternate descriptors
 *     a =} b }= c        data from a to c goes through b; data from c to a does not
 *     a ={ b {= c        data from c to a goes through b; data from a to c does not
 *     a =} b }={ c {= d  both directions, each through its own command
 */
import { EtherloomError } from '../errors.ts';

/** One end of a pipe, which has a number. */
export interface PipeEnd {
  readonly pipe: number;
  readonly way: 'read' | 'write';
}

/** A command, and its descriptors. */
export interface PipedCommand {
  readonly argv: readonly string[];
  readonly input: PipeEnd;
  readonly output: PipeEnd;
  /** The descriptors to the right side, for a command that exchanges data with both sides. */
  readonly alternate?: { readonly input: PipeEnd; readonly output: PipeEnd };
}

/** A whole line. */
export interface PipedLine {
  readonly pipes: number;
  /** At least two. */
  readonly commands: readonly PipedCommand[];
}

type Kind = 'both' | 'rightward' | 'leftward';

interface Part {
  readonly kind: Kind;
  readonly argv: string[];
}

/** A separator is an argument that begins with this pattern. Any text after it is ignored. */
const separator = /^([{}]?)=([{}]?)/;

const kindOf: Readonly<Record<string, Kind>> = { '': 'both', '}': 'rightward', '{': 'leftward' };

/** Parses a line. Throws EtherloomError('bad-option') if it is not valid. */
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
 * Assigns the pipes from left to right. Between two commands, two pipes are open: one for data to the right, one for data to the left. The
 * next command takes their other ends.
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
