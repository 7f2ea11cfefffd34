/** A long option with a single dash. */
export interface SingleDash {
  /** The argument as given: `-daemon`. */
  readonly given: string;
  /** The option that it begins: `--daemon`. */
  readonly meant: string;
}

/** The length from which a word is checked. A shorter word may be a short option followed by its value. */
const shortestWord = 3;

/**
 * Finds the first argument that is a long option, or its beginning, with one dash, since it would be read as short options. `longs` are the
 * long options, each with its dashes. Returns undefined if there is none.
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
