import type { Random } from '../random.ts';

/** The bits of a token: 128, in words of 32. */
const words = 4;

/** The form of a token: at least 128 bits in base64url. */
const form = /^[\w-]{22,256}$/;

/** Returns a new secret of 128 bits, as text for a path or a header. */
export function newToken(random: Random): string {
  const octets = new DataView(new ArrayBuffer(words * 4));
  for (let word = 0; word < words; word++) octets.setUint32(word * 4, random.uint32());
  return Buffer.from(octets.buffer).toString('base64url');
}

/** Returns whether a text can be a token. */
export function isToken(text: string): boolean {
  return form.test(text);
}
