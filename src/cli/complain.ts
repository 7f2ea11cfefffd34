import { standardError } from '../system/standard-streams.ts';

/** Writes to standard error without waiting for its reader. A command that carries frames must not stop for a reader. */
export function complain(text: string): void {
  standardError().write(text);
}
