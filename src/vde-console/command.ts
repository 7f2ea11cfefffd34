import type { Files } from '../management/files.ts';
import type { Operation } from '../management/operation.ts';
import type { Listener } from './events.ts';
import type { Status } from '../management/status.ts';

/** Who gives a command: somebody at a console, or a script at start-up. */
export interface Giver {
  /** With what rights. */
  readonly files: Files;
  /** Who is told events; undefined for a script at start-up. */
  readonly listener: Listener | undefined;
  /** Writes a line at once, in front of the reply. */
  readonly write: (text: string) => void;
  /** How deep in scripts the command is; 0 is by hand. */
  readonly depth: number;
}

/** What came of a line. */
export interface Reply {
  /** Data and status, each line with its end; nothing for a line that says nothing. */
  readonly text: string;
  /** Returns the text once the files that the command closed are written, where that may be another one. */
  readonly settled?: () => string;
  /** The further step that a session takes after the reply. */
  readonly then?: 'logout' | 'shutdown';
}

/** The most characters of a line. */
export const longestLine = 4096;

/** How a command ended; the session does `logout` and `shutdown`. */
export type Outcome = Status | 'logout' | 'shutdown';

/** How a command that closed files ended: called at once, and again when the files are written. */
export type WrittenOutcome = () => Status;

/** A command that was given. */
export interface Call {
  /** What follows the command's path, without the blanks before it. */
  readonly argument: string;
  readonly giver: Giver;
  /** Adds a line to the reply's data. */
  readonly print: (line: string) => void;
}

/** A line of `help`: a command, or the heading of a menu, which cannot be given. */
export interface Command {
  readonly path: string;
  readonly syntax: string;
  readonly help: string;
  /** Whether its reply has a block of data, also when it fails. */
  readonly data: boolean;
  readonly run?: (call: Call) => Outcome | WrittenOutcome;
  /** The operations that it runs. Default: none, for it belongs to the session. */
  readonly operations?: readonly Operation<never, unknown>[];
}

/** What can be added to a console and removed again: its commands and its events. */
export interface Menu extends Disposable {
  readonly commands: readonly Command[];
}

/** The heading of a menu. */
export function heading(path: string, help: string): Command {
  return { path, syntax: '============', help, data: false };
}

/** A command whose reply is its status. */
export function command(path: string, syntax: string, help: string, run: (call: Call) => Outcome | WrittenOutcome): Command {
  return { path, syntax, help, data: false, run };
}

/** A command whose reply has a block of data. */
export function query(path: string, syntax: string, help: string, run: (call: Call) => Status): Command {
  return { path, syntax, help, data: true, run };
}

/** A menu that holds nothing but its commands. */
export function plainMenu(...commands: Command[]): Menu {
  return { commands, [Symbol.dispose]: () => undefined };
}
