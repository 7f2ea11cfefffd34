/**
 * Parses options like the C library's getopt_long_only, or like getopt_long if `longOnly` is false: `-s X`, `-sX`, `--sock X`, `--sock=X`,
 * `-sock X`, and any unambiguous prefix of a long name. Options may stand anywhere among the other arguments; `--` ends them.
 * [getopt_long(3)]
 */

/** One option and its names. */
export interface Option {
  /** The name of the option in the result. */
  readonly name: string;
  readonly short?: string;
  readonly long?: readonly string[];
  /** True if it takes an argument. An optional one is joined to it: `-Dx`, `--dhcp=x`. */
  readonly argument: boolean | 'optional';
}

/** The rules of parsing. */
export interface ReadingOptions {
  /** True if a long name may have one dash. Default: true. */
  readonly longOnly?: boolean;
  /** True if options may follow other arguments; otherwise the first of these ends the options. Default: true. */
  readonly permute?: boolean;
}

/** The result of parsing. */
export interface ParsedArguments {
  /** The options in order. An option given twice appears twice. */
  readonly options: readonly { readonly name: string; readonly value: string }[];
  readonly operands: readonly string[];
  /** The message of the C library for each mistake, without the program's name before it. */
  readonly mistakes: readonly string[];
}

/** Parses `argv`, the arguments without the program's name. Parsing continues after a mistake. */
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

  /**
   * Returns true for a short option. A single dash begins a long name, unless the first letter is an option and either stands alone or
   * begins no long name.
   */
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
    // Two names of one option are ambiguous only if a single dash may begin them.
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
