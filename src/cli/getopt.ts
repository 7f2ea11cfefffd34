/**
 * Options as the C library's getopt_long_only reads them, and getopt_long where that is asked for: `-s X`, `-sX`, `--sock X`, `--sock=X`, `-sock X`, any unambiguous prefix of a
 * long name, options anywhere among the other arguments, and `--` before arguments that only look like options. [getopt_long(3)]
 */

/** One option and its names. */
export interface Option {
  /** What the result calls it. */
  readonly name: string;
  readonly short?: string;
  readonly long?: readonly string[];
  /** Whether it takes an argument; an optional one is joined to it: `-Dx`, `--dhcp=x`. */
  readonly argument: boolean | 'optional';
}

/** How strictly it is read. */
export interface ReadingOptions {
  /** Whether a long name may have one dash. Default: true. */
  readonly longOnly?: boolean;
  /** Whether options may come behind other arguments; else the first of these ends them. Default: true. */
  readonly permute?: boolean;
}

/** What was found. */
export interface ParsedArguments {
  /** In order; an option given twice is there twice. */
  readonly options: readonly { readonly name: string; readonly value: string }[];
  readonly operands: readonly string[];
  /** What the C library would print for each mistake, without the program's name before it. */
  readonly mistakes: readonly string[];
}

/** Reads `argv`, the arguments without the program's name. A mistake does not end the reading. */
export function getopt(argv: readonly string[], options: readonly Option[], reading: ReadingOptions = {}): ParsedArguments {
  const reader = new Reader(argv, options, reading);
  while (reader.next());
  return reader.result;
}

class Reader {
  readonly result = { options: [] as { name: string; value: string }[], operands: [] as string[], mistakes: [] as string[] };
  readonly #arguments: string[];
  readonly #options: readonly Option[];
  readonly #longOnly: boolean;
  readonly #permute: boolean;

  constructor(argv: readonly string[], options: readonly Option[], { longOnly = true, permute = true }: ReadingOptions) {
    this.#arguments = [...argv];
    this.#options = options;
    this.#longOnly = longOnly;
    this.#permute = permute;
  }

  next(): boolean {
    const argument = this.#arguments.shift();
    if (argument === undefined) return false;
    if (argument === '--') this.result.operands.push(...this.#arguments.splice(0));
    else if (!argument.startsWith('-') || argument === '-') {
      this.result.operands.push(argument, ...(this.#permute ? [] : this.#arguments.splice(0)));
    } else if (argument.startsWith('--')) this.#long('--', argument.slice(2));
    else if (!this.#isShort(argument)) this.#long('-', argument.slice(1));
    else this.#short(argument.slice(1));
    return true;
  }

  /** A single dash begins a long name, unless its first letter is an option and either alone or the beginning of no long name. */
  #isShort(argument: string): boolean {
    if (!this.#longOnly) return true;
    const letter = this.#options.some(({ short }) => short === argument[1]);
    return letter && (argument.length === 2 || this.#matches(nameOf(argument.slice(1))).length === 0);
  }

  #matches(name: string): { option: Option; long: string }[] {
    const all = this.#options.flatMap((option) => (option.long ?? []).map((long) => ({ option, long })));
    const exact = all.filter(({ long }) => long === name);
    return exact.length > 0 ? exact : all.filter(({ long }) => long.startsWith(name));
  }

  #long(dashes: string, text: string): void {
    const name = nameOf(text);
    const matches = this.#matches(name);
    const [match] = matches;
    if (!match) {
      this.result.mistakes.push(`unrecognized option '${dashes}${text}'`);
      return;
    }
    // Two names of one option are not two options, but where a single dash may begin them.
    if (matches.length > 1 && (this.#longOnly || matches.some(({ option }) => option !== match.option))) {
      const names = matches.map(({ long }) => ` '${dashes}${long}'`).join('');
      this.result.mistakes.push(`option '${dashes}${text}' is ambiguous; possibilities:${names}`);
      return;
    }
    const { option, long } = match;
    const given = text.length > name.length ? text.slice(name.length + 1) : undefined;
    if (!option.argument && given !== undefined) {
      this.result.mistakes.push(`option '${dashes}${long}' doesn't allow an argument`);
      return;
    }
    const value = option.argument === true ? (given ?? this.#arguments.shift()) : (given ?? '');
    if (value === undefined) this.result.mistakes.push(`option '${dashes}${long}' requires an argument`);
    else this.result.options.push({ name: option.name, value });
  }

  #short(letters: string): void {
    for (let i = 0; i < letters.length; i++) {
      const letter = letters.charAt(i);
      const option = this.#options.find(({ short }) => short === letter);
      if (!option) {
        this.result.mistakes.push(`invalid option -- '${letter}'`);
        continue;
      }
      if (!option.argument) {
        this.result.options.push({ name: option.name, value: '' });
        continue;
      }
      const rest = letters.slice(i + 1);
      const value = rest === '' && option.argument === true ? this.#arguments.shift() : rest;
      if (value === undefined) this.result.mistakes.push(`option requires an argument -- '${letter}'`);
      else this.result.options.push({ name: option.name, value });
      return;
    }
  }
}

function nameOf(text: string): string {
  const end = text.indexOf('=');
  return end < 0 ? text : text.slice(0, end);
}
