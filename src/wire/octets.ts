/** Octets in network byte order. A read past the end yields zeros. Callers check lengths first, so no input causes an exception. */

/** Returns the 16-bit number at `at`, most significant octet first. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Returns the unsigned 32-bit number at `at`, most significant octet first. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((readUint16(bytes, at) << 16) | readUint16(bytes, at + 2)) >>> 0;
}

/** Writes the low 16 bits of `value` at `at`. */
export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Writes the low 32 bits of `value` at `at`. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  writeUint16(bytes, at, value >>> 16);
  writeUint16(bytes, at + 2, value);
}

/** Returns whether both hold the same octets in the same order. */
export function equalOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}

/** Returns a new array with the octets of all parts in order. */
export function concatOctets(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Formats octets as two lower-case hexadecimal digits each, with `separator` between octets: `0a1b`. */
export function formatHex(bytes: Uint8Array, separator = ''): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(separator);
}

/**
 * Parses hexadecimal text: two digits for each octet, with optional white space or colons between octets. Returns undefined for any other
 * text.
 */
export function parseHex(text: string): Uint8Array | undefined {
  if (!/^\s*(?:[0-9a-f]{2}[\s:]*)*$/i.test(text)) return undefined;
  return Uint8Array.from(text.match(/[0-9a-f]{2}/gi) ?? [], (digits) => Number.parseInt(digits, 16));
}
