import { converse } from '../console-client/terminal.ts';
import { runTerminalCommand } from './terminal-command.ts';

export { exit as leave } from 'node:process';

const summary = 'Opens the console at that socket, with history and completion (TAB).';

/** Implements `vdeterm`: the console of a switch or of wirefilter, for people. Returns the exit code. */
export function runVdeterm(argv: readonly string[]): Promise<number> {
  return runTerminalCommand({ name: 'vdeterm', summary, talk: converse }, argv);
}
