import { EtherloomError } from '../errors.ts';
import { formatPlace, parseLine, type JoinLine } from './line.ts';

/** A line, with the further places at which the same master is reached. */
export interface JoinInvitation extends Omit<JoinLine, 'host' | 'port'> {
  /** `HOST:PORT` each, at least one. */
  readonly places: readonly [string, ...string[]];
}

/**
 * Reads one line, or several of one token, which differ in their addresses, as a file of `--line-file` has them. Throws
 * EtherloomError('bad-option').
 */
export function parseInvitation(text: string): JoinInvitation {
  const [first, ...others] = linesOf(text);
  if (!first) return invitationOf(parseLine(text), []);
  if (
    others.some(
      ({ pin, nextPin, token }) =>
        pin !== first.pin || nextPin !== first.nextPin || token.id !== first.token.id || token.secret !== first.token.secret,
    )
  )
    throw new EtherloomError('bad-option', 'the lines to join by belong to different masters or tokens; give one of them');
  return invitationOf(first, others);
}

/** Returns the lines, if each line of the text is a whole one. A chat may have broken one line into several. */
function linesOf(text: string): readonly JoinLine[] {
  const rows = text.split('\n').filter((row) => row.trim() !== '');
  try {
    return rows.map((row) => parseLine(row));
  } catch {
    return [];
  }
}

function invitationOf({ host, port, ...line }: JoinLine, others: readonly JoinLine[]): JoinInvitation {
  return { ...line, places: [formatPlace(host, port), ...others.map((other) => formatPlace(other.host, other.port))] };
}
