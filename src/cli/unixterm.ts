import { relay } from '../console-client/relay.ts';
import { runTerminalCommand } from './terminal-command.ts';

export { exit as leave } from 'node:process';

const summary = 'Sends lines to the console at that socket, and shows its output unchanged.';

/** Implements `unixterm`: joins a socket to standard input and output. Returns the exit code. */
export function runUnixterm(argv: readonly string[]): Promise<number> {
  return runTerminalCommand({ name: 'unixterm', summary, talk: (ends) => relay(ends).then(() => undefined) }, argv);
}
