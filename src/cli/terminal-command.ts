import { realClock } from '../clock.ts';
import type { RelayOptions } from '../console-client/relay.ts';
import { claimStandardError } from '../system/claim.ts';
import { inputStream, outputStream } from '../system/standard-streams.ts';
import { runShown } from './companion.ts';
import { heedNoReaders, nodeStreamsFlushed } from './node-streams.ts';
import { printError } from './print.ts';

/** The exit code of the originals. */
const exitFailure = 255;

/** A command that joins the socket of a console to standard input and output. */
export interface TerminalCommand {
  readonly name: string;
  /** Its description in the help. */
  readonly summary: string;
  /** Resolves at the end of the session, with the reason if it failed. */
  readonly talk: (ends: RelayOptions & { readonly interactive: boolean }) => Promise<string | undefined>;
}

/** Runs such a command, and returns its exit code. */
export function runTerminalCommand({ name, summary, talk }: TerminalCommand, argv: readonly string[]): Promise<number> {
  claimStandardError(printError);
  const [path, ...rest] = argv;
  if (path === undefined || path.startsWith('-') || rest.length > 0) {
    printError(`usage: ${name} SOCK\n${summary}\n`);
    return Promise.resolve(exitFailure);
  }
  const [input, output] = [inputStream(), outputStream()];
  heedNoReaders(output);
  const say = (line: string): void => printError(`${name}: ${line}\n`);
  return runShown(
    say,
    () => exitFailure,
    async () => {
      const interactive = input.isTTY === true && output.isTTY === true;
      const reason = await talk({ path, clock: realClock, input, output, interactive });
      await nodeStreamsFlushed(output);
      if (reason === undefined) return 0;
      say(reason);
      return exitFailure;
    },
  );
}
