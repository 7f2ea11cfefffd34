/** A long option with one dash only. */
export interface SingleDash {
  /** As it was given: `-daemon`. */
  readonly given: string;
  /** The option that it begins: `--daemon`. */
  readonly meant: string;
}

/** A shorter word may well be a short option with its value behind it. */
const shortestWord = 3;

/**
 * Finds the first argument that is a long option, or its beginning, with one dash: it would be read as short options. `longs` are the long
 * options, each with its dashes. Undefined when there is none.
 */
export function findSingleDash(argv: readonly string[], longs: readonly string[]): SingleDash | undefined {
  for (const given of argv) {
    if (given === '--') return undefined;
    const [, word = ''] = /^-([a-z][a-z-]*)(?:=.*)?$/.exec(given) ?? [];
    const meant = word.length < shortestWord ? undefined : longs.find((long) => long.startsWith(`--${word}`));
    if (meant !== undefined) return { given, meant };
  }
  return undefined;
}
