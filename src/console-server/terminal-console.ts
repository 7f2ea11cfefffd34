import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { realClock } from '../clock.ts';
import { ConsoleSession, type Interpreter } from '../vde-console/console-session.ts';
import { filesFor } from './console-files.ts';
import { ownRights } from './own-rights.ts';
import type { Log } from '../log.ts';
import { Outlet } from '../system/outlet.ts';
import { inputStream, sharedWriter, standardOutput } from '../system/standard-streams.ts';

/** Standard input, which is the console of a program in the foreground. */
const standardInput = 0;

/** The most octets of prompts that wait for a terminal that takes none. */
const mostPrompts = 4096;

/**
 * Opens the console on standard input and output, until it is disposed of. Replies go to standard output. The prompt goes to standard
 * input, so that a terminal shows it but a program that reads the replies does not get it. `ended` is called when the input ends.
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
  // A lost terminal ends the switch, as the end of its input does.
  stdin.once('error', ended);
  return {
    [Symbol.dispose]: () => {
      session.close();
      stdout.drained = (): void => undefined;
      stdin.destroy();
    },
  };
}

/** Returns the outlet for prompts; undefined if standard input cannot be written to. */
function promptOutlet(): Outlet | undefined {
  if (!isatty(standardInput) && !isSocket(standardInput)) return undefined;
  // A prompt may be dropped without a message.
  return new Outlet(sharedWriter(standardInput).give, { clock: realClock, limit: mostPrompts, lost: () => '' });
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    // Standard input is closed.
    return false;
  }
}
