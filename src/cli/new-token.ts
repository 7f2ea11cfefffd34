import type { NewTokenView } from '../management/parts/group.ts';
import { jsonLine } from './json-text.ts';
import { print, printError } from './print.ts';

/**
 * Prints a new token: its lines on standard output, one for each address of the master, and on standard error how long and how often they
 * are good.
 */
export function printNewToken(made: NewTokenView, { json }: { readonly json: boolean }): void {
  if (json) {
    print(jsonLine(made));
    return;
  }
  const { token, lines } = made;
  print(lines.map((line) => `${line}\n`).join(''));
  const uses = token.uses === 'any' ? 'for any number of hosts' : token.uses === 1 ? 'for one host' : `for ${token.uses} hosts`;
  const which = lines.length > 1 ? 'any of these lines' : 'this line';
  printError(`join by ${which}: etherloom join LINE; good ${uses}, until ${new Date(token.expires).toLocaleString('sv-SE')}\n`);
}
