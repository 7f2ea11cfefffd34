import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { realClock } from '../clock.ts';
import { ConsoleSession, type Interpreter } from '../vde-console/console-session.ts';
import { filesFor } from './console-files.ts';
import { ownRights } from './own-rights.ts';
import type { Log } from '../log.ts';
import { Outlet } from '../system/outlet.ts';
import { inputStream, sharedWriter, standardOutput } from '../system/standard-streams.ts';

/** Standard input, where the console of what runs in the foreground is. */
const standardInput = 0;

/** How many octets of prompts wait for a terminal that takes none. */
const mostPrompts = 4096;

/**
 * The console at the terminal that it was started from, until it is disposed. Replies go to standard output; the prompt to standard input, so
 * that it is seen on a terminal and is not among the replies that a program reads. When the input ends, `ended` is told.
 */
export function openTerminalConsole(console: Interpreter, log: Log, ended: () => void): Disposable {
  const stdin = inputStream();
  const stdout = standardOutput();
  const prompts = promptOutlet();
  const session = new ConsoleSession(console, {
    terminal: {
      write: (text) => stdout.write(text),
      prompt: (text) => prompts?.write(text),
      backlog: () => stdout.backlog,
      wake: () => goOn(),
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
  const goOn = (): void => {
    session.resume();
    pace();
  };
  stdout.drained = goOn;
  stdin.once('end', () => {
    session.finish();
    ended();
  });
  // A terminal that is gone ends the switch as its end does.
  stdin.once('error', ended);
  return {
    [Symbol.dispose]: () => {
      session.close();
      stdout.drained = (): void => undefined;
      stdin.destroy();
    },
  };
}

/** Where prompts are shown; undefined where standard input is none to write to. */
function promptOutlet(): Outlet | undefined {
  if (!isatty(standardInput) && !isSocket(standardInput)) return undefined;
  // A prompt that nobody sees is no loss.
  return new Outlet(sharedWriter(standardInput).give, { clock: realClock, limit: mostPrompts, lost: () => '' });
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    // It is closed.
    return false;
  }
}
