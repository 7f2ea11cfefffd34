/** The base32 of fingerprints and tokens: the alphabet of RFC 4648 in lower case, without padding. [RFC 4648, 6] */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

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

/** Returns true if `text` consists of exactly `length` letters of the alphabet. */
export function isBase32(text: string, length: number): boolean {
  return text.length === length && /^[a-z2-7]*$/.test(text);
}
