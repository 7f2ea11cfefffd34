/** The C library's own getopt_long_only and getopt_long: what ours is held to. */
import koffi from 'koffi';
import type { Option, ParsedArguments, ReadingOptions } from '../../src/cli/getopt.ts';

const library = koffi.load(null);
koffi.struct('option', { name: 'const char *', has_arg: 'int', flag: 'void *', val: 'int' });
const getoptLongOnly = library.func('int getopt_long_only(int, char **, const char *, option *, void *)') as (
  ...parameters: [number, unknown, string, unknown, null]
) => number;
const getoptLong = library.func('int getopt_long(int, char **, const char *, option *, void *)') as typeof getoptLongOnly;
const optind: unknown = library.symbol('optind');
const opterr: unknown = library.symbol('opterr');
const optarg: unknown = library.symbol('optarg');

/** As `getopt`, but for the texts of the mistakes: here each is `?`. */
export function glibcGetopt(
  argv: readonly string[],
  options: readonly Option[],
  { longOnly = true, permute = true }: ReadingOptions = {},
): ParsedArguments {
  const numbered = options.map((option, i) => ({ ...option, val: option.short?.charCodeAt(0) ?? 1000 + i }));
  const letters =
    (permute ? '' : '+') +
    numbered.flatMap(({ short, argument }) => (short === undefined ? [] : [short + ':'.repeat(hasArg(argument))])).join('');
  const long = numbered.flatMap((option) => (option.long ?? []).map((name) => entry(name, option.argument, option.val)));
  const words = ['program', ...argv];
  const vector = koffi.alloc('char *', words.length + 1) as unknown;
  koffi.encode(vector, koffi.array('char *', words.length + 1), [...words, null]);
  koffi.encode(optind, 'int', 0);
  koffi.encode(opterr, 'int', 0);
  const found: { name: string; value: string }[] = [];
  const mistakes: string[] = [];
  const table = [...long, entry(null, false, 0)];
  for (;;) {
    const val = (longOnly ? getoptLongOnly : getoptLong)(words.length, vector, letters, table, null);
    if (val === -1) break;
    const option = numbered.find((one) => one.val === val);
    if (option) found.push({ name: option.name, value: option.argument ? argumentNow() : '' });
    else mistakes.push('?');
  }
  const permuted = koffi.decode(vector, koffi.array('char *', words.length)) as string[];
  return { options: found, operands: permuted.slice(Number(koffi.decode(optind, 'int'))), mistakes };
}

/** Returns the argument of an option; empty for a null pointer, as a missing optional one is. */
function argumentNow(): string {
  return (koffi.decode(optarg, 'char *') as string | null) ?? '';
}

function entry(name: string | null, argument: Option['argument'], val: number): object {
  return { name, has_arg: hasArg(argument), flag: null, val };
}

/** no_argument, required_argument, optional_argument; as many colons follow a letter. */
function hasArg(argument: Option['argument']): number {
  return argument === 'optional' ? 2 : Number(argument);
}
