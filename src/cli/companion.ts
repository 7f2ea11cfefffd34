import { isForUser } from '../errors.ts';
import { getopt, type Option, type ParsedArguments, type ReadingOptions } from './getopt.ts';

/* The parts that the commands with the names of VDE's tools share. */

/** Parses the arguments of a command, and shows the mistakes. Of an option given twice, `given` has the last value. */
export function readArguments(
  argv: readonly string[],
  options: readonly Option[],
  say: (line: string) => void,
  reading?: ReadingOptions,
): ParsedArguments & { readonly given: ReadonlyMap<string, string> } {
  const parsed = getopt(argv, options, reading);
  for (const mistake of parsed.mistakes) say(mistake);
  return { ...parsed, given: new Map(parsed.options.map(({ name, value }) => [name, value])) };
}

/** Runs a command, and returns its exit code. A failure that the user can mend is shown, and `exitCodeOf` returns the exit code for it. */
export async function runShown(
  say: (line: string) => void,
  exitCodeOf: (error: Error) => number,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!isForUser(error)) throw error;
    say(error.message);
    return exitCodeOf(error);
  }
}

/** Resolves with the first signal that ends a command. From this call on these signals no longer end the process by themselves. */
export function endSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  });
}
