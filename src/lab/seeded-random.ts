import type { Random } from '../random.ts';

/**
 * Returns a source of chance that draws the same numbers each time. Each name has a source of its own, so a caller that draws more does not change
 * the numbers of the others. Small Fast Counter with 32-bit words, a non-cryptographic generator. [C. Doty-Humphrey, PractRand, sfc32]
 *
 * @example
 * ```ts
 * import { seededRandom } from 'etherloom/lab';
 *
 * console.log(seededRandom(7, 'links').uint32() === seededRandom(7, 'links').uint32()); // true
 * ```
 */
export function seededRandom(seed: number, name = ''): Random {
  let [a, b, c, counter] = [hash(name, 0x9e37_79b9), seed >>> 0, Math.floor(seed / 0x1_0000_0000) >>> 0, 1];
  const random = {
    uint32(): number {
      const sum = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      return sum >>> 0;
    },
  };
  // Repeated until a small seed has affected all of the state.
  for (let round = 0; round < 15; round++) random.uint32();
  return random;
}

/** Hashes text to 32 bits. [G. Fowler, L. C. Noll, P. Vo, FNV-1a] */
function hash(text: string, start: number): number {
  let value = start;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x0100_0193);
  return value;
}
