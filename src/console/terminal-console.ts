import { writeSync } from 'node:fs';
import { ConsoleSession, type Interpreter } from '../management/console-session.ts';
import { filesFor } from './console-files.ts';
import { ownRights } from './own-rights.ts';
import type { Log } from '../log.ts';

/** Standard input, where the console of what runs in the foreground is. */
const standardInput = 0;

/**
 * The console at the terminal that it was started from, until it is disposed. Replies go to standard output; the prompt to standard input, so
 * that it is seen on a terminal and is not among the replies that a program reads. When the input ends, `ended` is told.
 */
export function openTerminalConsole(console: Interpreter, log: Log, ended: () => void): Disposable {
  const { stdin, stdout } = process;
  const session = new ConsoleSession(console, {
    terminal: {
      write: (text) => void stdout.write(text),
      prompt: showPrompt,
      backlog: () => stdout.writableLength,
      end: () => undefined,
    },
    files: filesFor(ownRights(), log),
    remote: false,
  });
  const pace = (): void => {
    if (session.congested) stdin.pause();
    else stdin.resume();
  };
  stdin.setEncoding('utf8');
  stdin.on('data', (piece: string) => {
    session.receive(piece);
    pace();
  });
  stdout.on('drain', () => {
    session.resume();
    pace();
  });
  stdin.once('end', () => {
    session.finish();
    ended();
  });
  // A terminal that is gone ends the switch as its end does.
  stdin.once('error', ended);
  return {
    [Symbol.dispose]: () => {
      session.close();
      stdin.destroy();
    },
  };
}

function showPrompt(text: string): void {
  try {
    writeSync(standardInput, text);
  } catch {
    // It is no terminal.
  }
}
