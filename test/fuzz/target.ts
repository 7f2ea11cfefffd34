/*
 * Fuzzing: what comes from outside is fed to whatever reads it, from valid inputs that are changed at random. It is a room of the tests:
 * it proves what the tests of each parser prove, by more inputs than these can have, and needs their stages. `npm run fuzz` runs all
 * targets for long; a test runs each of them for some seconds, and what once failed (fixtures/fuzz) for ever.
 */

/** Something that takes inputs from outside. */
export interface Target {
  readonly name: string;
  /** Valid inputs, from which others are made. */
  readonly seeds: () => readonly Uint8Array[];
  /** Tokens with a meaning to it, for use anywhere in an input. Default: none. */
  readonly words?: () => readonly Uint8Array[];
  /** Makes a new one. */
  readonly open: () => Trial;
}

/** One that was made, and takes one input after the other. */
export interface Trial {
  /** Throws when the input did what it must not do. */
  readonly take: (input: Uint8Array) => void;
  /** Throws when something is not as it must be after all inputs. Default: nothing. */
  readonly end?: () => void;
}

/** Octets of text. */
export function octetsOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Throws when a thing that must be so is not. */
export function must(isSo: boolean, what: () => string): asserts isSo {
  if (!isSo) throw new Error(what());
}
