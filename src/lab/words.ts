import { EtherloomError } from '../errors.ts';
import { formatAmount, parseAmount } from '../impairment/impairment-text.ts';
import type { Amount } from '../impairment/impairment.ts';

/*
 * Options as the notation writes them, in their given order: `latency 2 tagged 5,6 fstp`. A true flag is its name alone, a false one has
 * `no-` before it; a list is joined by commas, an empty one is `none`. An undefined option, or a function, is left out.
 */

/** The types of options' values. */
interface Kinds {
  readonly flag: boolean;
  readonly number: number;
  readonly text: string;
  readonly numbers: readonly number[];
  readonly texts: readonly string[];
  readonly amount: Amount;
  /** A VLAN, or none. */
  readonly vlan: number | 'none';
  readonly function: (...args: never[]) => unknown;
  readonly options: object;
  readonly 'flag-or-options': boolean | object;
}

/** Names for the values of options, for messages. */
const kindNames: Readonly<Record<keyof Kinds, string>> = {
  flag: 'a flag, without a value',
  number: 'a number, as 5',
  text: 'a text',
  numbers: 'a list of numbers, as 1,2,3 or none',
  texts: 'a list, as a,b or none',
  amount: 'an amount, as 5, 20+5 or 20+5n',
  vlan: 'a VLAN, as 5 or none',
  function: 'a function',
  options: 'an object with options',
  'flag-or-options': 'true, false or an object with options',
};

/** The known options, with the kind of each. */
export type Vocabulary = Readonly<Record<string, keyof Kinds>>;

/** The words of all options of an interface. An option without one is a type error, and one that is misspelt is refused by `checkOptions`. */
export type Wording<Options> = Readonly<Record<keyof Required<Options>, Vocabulary[string]>>;

/** The options of a vocabulary. */
export type Worded<V extends Vocabulary> = { readonly [Name in keyof V]?: Kinds[V[Name]] };

const none = 'none';

/** Formats options as words. */
export function formatWords(options: object): string {
  return Object.entries(options)
    .flatMap(([name, value]: [string, unknown]) => {
      if (typeof value === 'boolean') return [value ? name : `no-${name}`];
      const text = formatValue(value);
      return text === undefined ? [] : [`${name} ${text}`];
    })
    .join(' ');
}

function formatValue(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'string') return `${value}`;
  if (Array.isArray(value)) return value.length === 0 ? none : value.join(',');
  return isAmount(value) ? formatAmount(value) : undefined;
}

function isAmount(value: unknown): value is Amount {
  return typeof value === 'object' && value !== null && 'mean' in value;
}

/** Parses the words of options. Throws EtherloomError('bad-option') with the mistake, and with the known options. */
export function parseWords<V extends Vocabulary>(words: readonly string[], vocabulary: V): Worded<V> {
  const options: Record<string, unknown> = {};
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const negated = /^no-(.*)$/.exec(word)?.[1];
    const name = negated ?? word;
    const kind = Object.hasOwn(vocabulary, name) ? vocabulary[name] : undefined;
    if (kind === undefined || (negated !== undefined && kind !== 'flag')) throw unknownWord(word, vocabulary);
    if (kind === 'flag') options[name] = negated === undefined;
    else options[word] = parseValue(word, kind, words[++at]);
  }
  return options as Worded<V>;
}

/**
 * Throws EtherloomError('bad-option') for an unknown option, or an invalid value. An object of a class is a program, which may have more
 * than options.
 */
export function checkOptions(options: unknown, vocabulary: Vocabulary): void {
  if (typeof options !== 'object' || options === null)
    throw new EtherloomError('bad-option', `expected options, not ${String(options)}; pass an object`);
  const isPlain = isPlainObject(options);
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    const kind = Object.hasOwn(vocabulary, name) ? vocabulary[name] : undefined;
    if (kind === undefined) {
      if (isPlain) throw unknownWord(name, vocabulary);
    } else if (value !== undefined && !isOfKind[kind](value)) throw wrongValue(name, kind, textOf(value));
  }
}

/** Returns whether an object is a literal, of this realm or another one. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Tests of the kinds. The receiver of a number checks its value. */
const isOfKind: Readonly<Record<keyof Kinds, (value: unknown) => boolean>> = {
  flag: (value) => typeof value === 'boolean',
  number: isNumber,
  text: (value) => typeof value === 'string',
  numbers: (value) => Array.isArray(value) && value.every(isNumber),
  texts: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  amount: (value) => isNumber(value) || isAmount(value),
  vlan: (value) => value === none || isNumber(value),
  function: (value) => typeof value === 'function',
  options: isObject,
  'flag-or-options': (value) => typeof value === 'boolean' || isObject(value),
};

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && !Number.isNaN(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : Array.isArray(value) ? `[${value.map(String).join(', ')}]` : String(value);
}

function wrongValue(name: string, kind: keyof Kinds, text: string): EtherloomError {
  return new EtherloomError('bad-option', `the value of the option ${name} must be ${kindNames[kind]}, not ${text}`);
}

function unknownWord(word: string, vocabulary: Vocabulary): EtherloomError {
  return new EtherloomError('bad-option', `unknown option "${word}"; use one of: ${Object.keys(vocabulary).join(', ')}`);
}

function parseValue(name: string, kind: keyof Kinds, text: string | undefined): unknown {
  if (text === undefined) throw new EtherloomError('bad-option', `the option ${name} has no value; write it as: ${name} VALUE`);
  const values = text === none ? [] : text.split(',');
  const value: unknown = {
    flag: () => undefined,
    text: () => text,
    texts: () => values,
    number: () => parseNumber(text),
    numbers: () => values.map(parseNumber),
    amount: () => parseAmount(text),
    vlan: () => (text === none ? none : parseNumber(text)),
    function: () => undefined,
    options: () => undefined,
    'flag-or-options': () => undefined,
  }[kind]();
  if (value === undefined || (Array.isArray(value) && value.includes(undefined))) {
    throw wrongValue(name, kind, `"${text}"`);
  }
  return value;
}

/** Parses a number in decimal, or Infinity. Returns undefined for any other text. */
export function parseNumber(text: string): number | undefined {
  return /^(?:-?\d+(?:\.\d+)?(?:e[-+]?\d+)?|Infinity)$/.test(text) ? Number(text) : undefined;
}

/** Returns a line of the notation from its defined parts. */
export function formatLine(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' ');
}

/** Formats the names of nodes as one word: `a,b`, or `none`. */
export function formatNames(nodes: readonly { readonly name: string }[]): string {
  return nodes.length === 0 ? none : nodes.map(({ name }) => name).join(',');
}

/** Parses names in one word. */
export function parseNames(text: string): string[] {
  return text === none ? [] : text.split(',');
}
