/** How commands read their arguments: as the C library's functions do, for scripts rely on it. */

/** What `atoi` makes of a text: the number that it begins with, 0 when there is none; of 32 bits, as all here. [atoi(3)] */
export function leadingInteger(text: string): number {
  const [, sign, digits = '0'] = /^\s*([-+]?)(\d+)/.exec(text) ?? [];
  return int32(digits, sign);
}

/** The number that `%i` reads at the beginning of a text: decimal, 0x hexadecimal, 0 octal. Undefined when there is none. [scanf(3)] */
export function cInteger(text: string): number | undefined {
  return scanIntegers(text, 1)?.[0];
}

/** The first `count` numbers of a text, as `%i %i` reads them; what comes after those is not looked at. Undefined when there are fewer. */
export function scanIntegers(text: string, count: number): number[] | undefined {
  const numbers: number[] = [];
  for (let rest = text; numbers.length < count;) {
    const [all, sign, digits] = /^\s*([-+]?)(0x[\da-f]+|\d+)/i.exec(rest) ?? [];
    if (all === undefined || digits === undefined) return undefined;
    const octal = /^0(?!x)[0-7]*/i.exec(digits);
    numbers.push(int32(octal ? `0o${octal[0]}` : digits, sign));
    // An octal number ends where its digits do.
    rest = rest.slice(octal ? all.length - digits.length + octal[0].length : all.length);
  }
  return numbers;
}

/** The first number of a text, and what follows it without the blanks between. */
export function integerAndText(text: string): [number, string] | undefined {
  const [, number, rest] = /^\s*(\S+)\s*(.*)$/s.exec(text) ?? [];
  const value = cInteger(number ?? '');
  return value === undefined ? undefined : [value, rest ?? ''];
}

const longest = 2n ** 63n - 1n;

/** The number in 64 bits, or the next that these hold, and the lower 32 of them. [strtol(3)] */
function int32(digits: string, sign: string | undefined): number {
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  const held = value > longest ? longest : value < -longest ? -longest - 1n : value;
  return Number(BigInt.asIntN(32, held));
}
