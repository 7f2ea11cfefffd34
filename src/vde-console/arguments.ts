/** Parses the arguments of commands like the functions of the C library, since scripts rely on it. */

/** Returns the result of `atoi`: the number at the beginning of a text, 0 if there is none; 32 bits, like all numbers here. [atoi(3)] */
export function leadingInteger(text: string): number {
  const [, sign, digits = '0'] = /^\s*([-+]?)(\d+)/.exec(text) ?? [];
  return int32(digits, sign);
}

/**
 * Parses the number at the beginning of a text like `%i`: decimal, 0x hexadecimal, 0 octal. Returns undefined if there is none. [scanf(3)]
 */
export function cInteger(text: string): number | undefined {
  return scanIntegers(text, 1)?.[0];
}

/** Parses the first `count` numbers of a text, like `%i %i`; the rest is ignored. Returns undefined if there are fewer. */
export function scanIntegers(text: string, count: number): number[] | undefined {
  const numbers: number[] = [];
  for (let rest = text; numbers.length < count;) {
    const [all, sign, digits] = /^\s*([-+]?)(0x[\da-f]+|\d+)/i.exec(rest) ?? [];
    if (all === undefined || digits === undefined) return undefined;
    const octal = /^0(?!x)[0-7]*/i.exec(digits);
    numbers.push(int32(octal ? `0o${octal[0]}` : digits, sign));
    // An octal number ends with the last octal digit.
    rest = rest.slice(octal ? all.length - digits.length + octal[0].length : all.length);
  }
  return numbers;
}

/** Returns a parser of one number, as of `leadingInteger`. */
export function oneNumber<Name extends string>(name: Name): (text: string) => Readonly<Record<Name, number>> {
  return (text) => ({ [name]: leadingInteger(text) }) as Record<Name, number>;
}

/** Returns a parser of one number that is 0 or 1. */
export function oneSwitch<Name extends string>(name: Name): (text: string) => Readonly<Record<Name, boolean>> {
  return (text) => ({ [name]: leadingInteger(text) !== 0 }) as Record<Name, boolean>;
}

/** Returns a parser of numbers, as of `scanIntegers`. */
export function numbers<Name extends string>(...names: Name[]): (text: string) => Readonly<Record<Name, number>> | undefined {
  return (text) => {
    const found = scanIntegers(text, names.length);
    return found && (Object.fromEntries(names.map((name, i) => [name, found[i]])) as Record<Name, number>);
  };
}

/** Parses the first number of a text. Returns it with the rest, without the blanks between. */
export function integerAndText(text: string): [number, string] | undefined {
  const [, number, rest] = /^\s*(\S+)\s*(.*)$/s.exec(text) ?? [];
  const value = cInteger(number ?? '');
  return value === undefined ? undefined : [value, rest ?? ''];
}

const longest = 2n ** 63n - 1n;

/** Returns the lower 32 bits of a number, after limiting it to 64 bits. [strtol(3)] */
function int32(digits: string, sign: string | undefined): number {
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  const held = value > longest ? longest : value < -longest ? -longest - 1n : value;
  return Number(BigInt.asIntN(32, held));
}
