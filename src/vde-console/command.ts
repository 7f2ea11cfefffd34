import type { Files } from '../management/files.ts';
import type { Operation } from '../management/operation.ts';
import type { Listener } from './events.ts';
import type { Status } from '../management/status.ts';

/** The source of a command: a session at a console, or a script at start-up. */
export interface Giver {
  /** The files, opened with the source's rights. */
  readonly files: Files;
  /** The session that gets events; undefined for a script at start-up. */
  readonly listener: Listener | undefined;
  /** Writes a line at once, before the reply. */
  readonly write: (text: string) => void;
  /** The depth of nested scripts; 0 for a command that was typed. */
  readonly depth: number;
}

/** The result of a line. */
export interface Reply {
  /** Data and status, each line with its end; empty if the line has no reply. */
  readonly text: string;
  /** Returns the final text once the files that the command closed are written. It may differ from `text`. */
  readonly settled?: () => string;
  /** The further step that a session takes after the reply. */
  readonly then?: 'logout' | 'shutdown';
}

/** The line before the data of a reply. */
export const blockStart = "0000 DATA END WITH '.'";

/** The most characters of a line. */
export const longestLine = 4096;

/** The result of a command. The session performs `logout` and `shutdown`. */
export type Outcome = Status | 'logout' | 'shutdown';

/** The status of a command that closed files. Called at once, and again when the files are written. */
export type WrittenOutcome = () => Status;

/** A call of a command. */
export interface Call {
  /** The text after the command's path, without the blanks before it. */
  readonly argument: string;
  readonly giver: Giver;
  /** Adds a line to the reply's data. */
  readonly print: (line: string) => void;
}

/** A line of `help`: a command, or the heading of a menu, which cannot be called. */
export interface Command {
  readonly path: string;
  readonly syntax: string;
  readonly help: string;
  /** True if its reply has a block of data, even after a failure. */
  readonly data: boolean;
  readonly run?: (call: Call) => Outcome | WrittenOutcome;
  /** The operations that it runs. Default: none, since the command belongs to the session. */
  readonly operations?: readonly Operation<never, unknown>[];
}

/** A set of commands and events that can be added to a console and removed again. */
export interface Menu extends Disposable {
  readonly commands: readonly Command[];
}

/** Formats the data of a reply, each line with its end. */
export function dataBlock(data: readonly string[]): string {
  return [blockStart, ...data, '.', ''].join('\n');
}

/** Makes the heading of a menu. */
export function heading(path: string, help: string): Command {
  return { path, syntax: '============', help, data: false };
}

/** Makes a command whose reply is its status. */
export function command(path: string, syntax: string, help: string, run: (call: Call) => Outcome | WrittenOutcome): Command {
  return { path, syntax, help, data: false, run };
}

/** Makes a command whose reply has a block of data. */
export function query(path: string, syntax: string, help: string, run: (call: Call) => Status): Command {
  return { path, syntax, help, data: true, run };
}

/** Makes a menu that has only commands. */
export function plainMenu(...commands: Command[]): Menu {
  return { commands, [Symbol.dispose]: () => undefined };
}
