/** The base32 of fingerprints and tokens: the alphabet of RFC 4648 in lower case, without padding. [RFC 4648, 6] */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

const values: ReadonlyMap<string, number> = new Map(Array.from(alphabet, (letter, value) => [letter, value]));

/** Encodes octets: `[0xff]` is `74`. Five octets are eight letters. */
export function encodeBase32(octets: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const octet of octets) {
    held = (held << 8) | octet;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >>> (bits - 5)) & 31] ?? '';
    held &= 31;
  }
  return bits === 0 ? text : text + (alphabet[(held << (5 - bits)) & 31] ?? '');
}

/** Decodes text of `encodeBase32`. Returns undefined for any other: a foreign letter, a length that none has, or bits left over that are not 0. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const octets = new Uint8Array(Math.floor((text.length * 5) / 8));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const letter of text) {
    const value = values.get(letter);
    if (value === undefined) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    octets[at++] = held >>> bits;
    held &= (1 << bits) - 1;
  }
  return bits < 5 && held === 0 ? octets : undefined;
}

/** Returns true if `text` consists of exactly `length` letters of the alphabet. */
export function isBase32(text: string, length: number): boolean {
  return text.length === length && /^[a-z2-7]*$/.test(text);
}
