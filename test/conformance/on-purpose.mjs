/**
 * The checks that ours passes and the original does not, each with the row of the table in docs/compatibility.md that says why. The
 * console's are in a file of their own.
 */
import { existsSync } from 'node:fs';

const consolePart = new URL('on-purpose-console.mjs', import.meta.url);

const sockets = [
  [1, 'a port that is not to be had closes the stream'],
  [2, 'frames: a jumbo frame passes whole'],
  [12, 'daemon: it does not stay in the directory that it was started in'],
  [11, 'daemon: a pid file that is there is refused before the command returns'],
];

/** Check name -> row. */
export const onPurpose = new Map([...sockets, ...(await consoleRows())].map(([row, name]) => [name, row]));

async function consoleRows() {
  return existsSync(consolePart) ? (await import(consolePart)).onPurposeConsole : [];
}
