import { seededRandom } from '../../src/lab/seeded-random.ts';
import { Inputs } from './inputs.ts';
import type { Target } from './target.ts';

/** An input that takes longer is taken for one that never ends, in milliseconds: others use this machine, too. */
const patience = 10_000;

/** A failure, and all inputs until then: the last one is the one that showed it. */
export class FuzzFailure extends Error {
  readonly inputs: readonly Uint8Array[];

  constructor(cause: unknown, inputs: readonly Uint8Array[]) {
    super(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause), { cause });
    this.inputs = inputs;
  }
}

/** Feeds a new trial of the target with the inputs of that seed, which are always the same. Returns how many. Throws FuzzFailure. */
export function runEpisode(target: Target, seed: number): number {
  const random = seededRandom(seed, target.name);
  const inputs = new Inputs(random, target);
  // Some go on for long, for what shows only then.
  const count = random.uint32() % 64 === 0 ? 3_000 : 1 + (random.uint32() % 160);
  return feed(target, count, () => inputs.next());
}

/** Feeds a new trial of the target with these inputs. Throws FuzzFailure. */
export function replay(target: Target, inputs: readonly Uint8Array[]): void {
  let next = 0;
  feed(target, inputs.length, () => inputs[next++] ?? new Uint8Array(0));
}

/** As few of the inputs as still fail. Takes them out by halves, by quarters, and so on. */
export function shrink(target: Target, inputs: readonly Uint8Array[]): readonly Uint8Array[] {
  let fewest = inputs;
  for (let size = Math.ceil(inputs.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < fewest.length;) {
      const fewer = [...fewest.slice(0, at), ...fewest.slice(at + size)];
      const failing = failureOf(target, fewer);
      if (failing) fewest = failing.inputs;
      else at += size;
    }
  }
  return fewest;
}

function failureOf(target: Target, inputs: readonly Uint8Array[]): FuzzFailure | undefined {
  try {
    replay(target, inputs);
    return undefined;
  } catch (error) {
    if (error instanceof FuzzFailure) return error;
    throw error;
  }
}

function feed(target: Target, count: number, next: () => Uint8Array): number {
  const taken: Uint8Array[] = [];
  try {
    const trial = target.open();
    for (let start = performance.now(); taken.length < count;) {
      const input = next();
      taken.push(input);
      trial.take(input);
      const end = performance.now();
      if (end - start > patience) throw new Error(`it took ${Math.round(end - start)} ms`);
      start = end;
    }
    trial.end?.();
  } catch (error) {
    throw new FuzzFailure(error, taken);
  }
  return count;
}
