import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/seeded-random.ts';

describe('chance with a seed', () => {
  it('is the same for the same seed and name, and another for another', () => {
    const draw = (seed: number, name?: string): number[] => {
      const random = seededRandom(seed, name);
      return Array.from({ length: 8 }, () => random.uint32());
    };
    expect(draw(7)).toEqual(draw(7));
    const draws = [draw(7), draw(8), draw(7 + 2 ** 32), draw(7, 'a'), draw(7, 'b')];
    expect(new Set(draws.map((numbers) => numbers.join())).size).toBe(draws.length);
    expect(new Set(draws.flat()).size).toBe(40);
  });

  it('draws all numbers equally often, as far as that can be seen', () => {
    const random = seededRandom(1);
    const counts = Array<number>(256).fill(0);
    const [draws, bits] = [256_000, Array<number>(32).fill(0)];
    for (let n = 0; n < draws; n++) {
      const drawn = random.uint32();
      counts[drawn >>> 24] = (counts[drawn >>> 24] ?? 0) + 1;
      for (let bit = 0; bit < 32; bit++) bits[bit] = (bits[bit] ?? 0) + ((drawn >>> bit) & 1);
    }
    const chiSquared = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 255 degrees of freedom: 99.9 % of all fair sources are below.
    expect(chiSquared).toBeLessThan(330);
    for (const count of bits) expect(Math.abs(count / draws - 0.5)).toBeLessThan(0.005);
  });
});
