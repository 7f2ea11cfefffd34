import type { Random } from '../../src/random.ts';
import type { Target } from './target.ts';

/** The length of the longest input, in octets: somewhat more than the longest frame. */
const longest = 12_000;

/** Where programs go wrong: around nothing, the sign and all ones. */
const edges: readonly number[] = [0, 1, 2, 0x0a, 0x20, 0x2f, 0x30, 0x7f, 0x80, 0x81, 0xfe, 0xff];

type Change = (input: Uint8Array) => Uint8Array;

/** Draws the inputs for a target: from its seeds, from what was drawn before, and sometimes from nothing. */
export class Inputs {
  readonly #random: Random;
  readonly #seeds: readonly Uint8Array[];
  readonly #words: readonly Uint8Array[];
  #last: Uint8Array = new Uint8Array(0);

  constructor(random: Random, target: Target) {
    this.#random = random;
    const { seeds, words } = materialOf(target);
    this.#seeds = seeds;
    this.#words = words;
  }

  /** Returns the next one. */
  next(): Uint8Array {
    let input = this.#below(32) === 0 ? this.#noise(this.#length()) : this.#below(6) === 0 ? this.#last : this.#oneOf(this.#seeds);
    for (let changes = this.#oneOf([0, 1, 1, 2, 3, 6]); changes > 0; changes--) input = this.#oneOf(this.#changes)(input);
    this.#last = input.subarray(0, longest);
    return this.#last;
  }

  readonly #changes: readonly Change[] = [
    (input) => this.#poke(input, (octet) => octet ^ (1 << this.#below(8))),
    (input) => this.#poke(input, () => this.#oneOf(edges)),
    (input) => this.#poke(input, () => this.#below(256)),
    (input) =>
      this.#poke(
        this.#poke(input, () => this.#oneOf(edges)),
        (octet) => (octet + this.#below(3) - 1) & 0xff,
      ),
    (input) => input.subarray(0, this.#below(input.length + 1)),
    (input) => input.subarray(this.#below(Math.min(input.length, 24) + 1)),
    (input) => this.#insert(input, this.#noise(1 + this.#below(8))),
    (input) => this.#insert(input, this.#noise(this.#length())),
    (input) => this.#insert(input, this.#words.length > 0 ? this.#oneOf(this.#words) : this.#piece(input)),
    (input) => this.#insert(input, this.#piece(input)),
    (input) => this.#insert(input, this.#piece(this.#oneOf(this.#seeds))),
    (input) => this.#cut(input),
    (input) => concat(input.subarray(0, this.#below(input.length + 1)), this.#piece(this.#oneOf(this.#seeds))),
  ];

  #poke(input: Uint8Array, value: (octet: number) => number): Uint8Array {
    if (input.length === 0) return input;
    const poked = input.slice();
    // Headers are in front.
    const at = this.#below(2) === 0 ? this.#below(Math.min(48, poked.length)) : this.#below(poked.length);
    poked[at] = value(poked[at] ?? 0);
    return poked;
  }

  #insert(input: Uint8Array, piece: Uint8Array): Uint8Array {
    const at = this.#below(input.length + 1);
    return concat(input.subarray(0, at), piece, input.subarray(at));
  }

  #cut(input: Uint8Array): Uint8Array {
    const at = this.#below(input.length + 1);
    return concat(input.subarray(0, at), input.subarray(at + 1 + this.#below(16)));
  }

  #piece(input: Uint8Array): Uint8Array {
    const at = this.#below(input.length + 1);
    return input.subarray(at, at + 1 + this.#below(32));
  }

  #noise(length: number): Uint8Array {
    const noise = new Uint8Array(length);
    for (let at = 0, word = 0; at < length; at++, word >>>= 8) noise[at] = (at & 3) === 0 ? (word = this.#random.uint32()) : word;
    return noise;
  }

  /** Mostly short, for long ones take long. */
  #length(): number {
    return this.#below(64) === 0 ? this.#below(longest) : this.#below(64);
  }

  #oneOf<One>(some: readonly One[]): One {
    const one = some[this.#below(some.length)];
    if (one === undefined) throw new Error('there is one to choose');
    return one;
  }

  #below(end: number): number {
    return this.#random.uint32() % end;
  }
}

interface Material {
  readonly seeds: readonly Uint8Array[];
  readonly words: readonly Uint8Array[];
}

const materials = new WeakMap<Target, Material>();

/** Seeds are read from files: once. */
function materialOf(target: Target): Material {
  const known = materials.get(target) ?? { seeds: target.seeds(), words: target.words?.() ?? [] };
  materials.set(target, known);
  return known;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
