/** Chance as an argument, for the same reason as Clock. */
export interface Random {
  /** Returns an integer from 0 to 2^32 - 1, all equally likely. */
  uint32(): number;
}

/** The machine's own source of randomness; fit for keys. */
export const realRandom: Random = {
  uint32: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
};
