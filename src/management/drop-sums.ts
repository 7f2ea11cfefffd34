/** Returns the sums of drops by reason, without zeros. With a thousand ports there are many counts, almost all of them 0, so no list is made of them. */
export function sumOfDrops(...all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const drops of all) {
    for (const reason in drops) {
      const frames = drops[reason] ?? 0;
      if (frames > 0) sum[reason] = (sum[reason] ?? 0) + frames;
    }
  }
  return sum;
}
