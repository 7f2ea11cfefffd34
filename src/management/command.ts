import type { Listener } from './events.ts';
import type { Status } from './status.ts';

/** Whose rights a file is opened with. */
export interface Files {
  /** Whose those are: the same text, the same rights. */
  readonly whose: string;
  /** The whole text, or why not. */
  readonly read: (path: string) => { readonly text: string } | Status;
  /** A file to write to, made if it is not there, emptied or added to; or why not. */
  readonly open: (path: string, how: 'new' | 'append') => OpenFile | Status;
  /** Settles when the files that were closed since the last time are written; undefined when they are, or none were closed. */
  readonly closing: () => Promise<void> | undefined;
}

/** A file that is written to. */
export interface OpenFile {
  /** Appends, and tells whether that was taken. What has no room is lost; people are told once. */
  write(octets: Uint8Array): boolean;
  /** Whether nothing will be taken any more. */
  readonly failed: boolean;
  [Symbol.dispose](): void;
}

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

/** How a command ended; `logout` and `shutdown` are for whoever gave it to do. */
export type Outcome = Status | 'logout' | 'shutdown';

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
  readonly run?: (call: Call) => Outcome;
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
export function command(path: string, syntax: string, help: string, run: (call: Call) => Outcome): Command {
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
