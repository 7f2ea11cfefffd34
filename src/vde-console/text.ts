/** Formats a number with leading zeros. */
export function padded(number: number, width = 4): string {
  return String(number).padStart(width, '0');
}

/** Formats a number of 16 bits as two octets: `01:2c`. */
export function octetPair(number: number): string {
  return [number >> 8, number & 0xff].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}

/** Returns `word value` for each value that is known. */
export function facts(known: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(known).flatMap(([word, value]) => (value === undefined ? [] : [`${word} ${value}`]));
}
