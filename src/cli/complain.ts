import { standardError } from '../system/standard-streams.ts';

/** Writes to standard error, without waiting for its reader: a command that carries frames must not stop for it. */
export function complain(text: string): void {
  standardError().write(text);
}
