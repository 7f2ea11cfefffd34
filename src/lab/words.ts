import { EtherloomError } from '../errors.ts';
import { formatAmount, parseAmount } from '../ports/impairment-text.ts';
import type { Amount } from '../ports/impairment.ts';

/*
 * Options as the notation writes them, in the order in which they were given: `latency 2 tagged 5,6 fstp`. What is true is its name alone,
 * what is false is `no-` before it; a list is joined by commas, an empty one is `none`. What is undefined, or a function, is left out.
 */

/** What the value of an option is. */
interface Kinds {
  readonly flag: boolean;
  readonly number: number;
  readonly text: string;
  readonly numbers: readonly number[];
  readonly texts: readonly string[];
  readonly amount: Amount;
  /** A VLAN, or none. */
  readonly vlan: number | 'none';
}

/** Words for the values of options, for messages. */
const kindNames: Readonly<Record<keyof Kinds, string>> = {
  flag: 'a flag, without a value',
  number: 'a number, as 5',
  text: 'a text',
  numbers: 'a list of numbers, as 1,2,3 or none',
  texts: 'a list, as a,b or none',
  amount: 'an amount, as 5, 20+5 or 20+5n',
  vlan: 'a VLAN, as 5 or none',
};

/** The options that there are, and what each of them is. */
export type Vocabulary = Readonly<Record<string, keyof Kinds>>;

/** Options of a vocabulary. */
export type Worded<V extends Vocabulary> = { readonly [Name in keyof V]?: Kinds[V[Name]] };

const none = 'none';

/** The options in text. */
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

/** The options of a text, cut into words. Throws EtherloomError('bad-option') that says what is wrong, and what there is. */
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
  }[kind]();
  if (value === undefined || (Array.isArray(value) && value.includes(undefined))) {
    throw new EtherloomError('bad-option', `the value of the option ${name} must be ${kindNames[kind]}, not "${text}"`);
  }
  return value;
}

/** The number in decimal, or Infinity. Undefined for any other text. */
export function parseNumber(text: string): number | undefined {
  return /^(?:-?\d+(?:\.\d+)?(?:e[-+]?\d+)?|Infinity)$/.test(text) ? Number(text) : undefined;
}

/** A line of the notation: its parts that are there. */
export function formatLine(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' ');
}

/** Nodes in one word: `a,b`, or `none`. */
export function formatNames(nodes: readonly { readonly name: string }[]): string {
  return nodes.length === 0 ? none : nodes.map(({ name }) => name).join(',');
}

/** The names in one word. */
export function parseNames(text: string): string[] {
  return text === none ? [] : text.split(',');
}
