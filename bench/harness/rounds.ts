import { reasonOf } from '../../src/errors.ts';
import type { Benchmark, Case, RunOptions, Side } from './benchmark.ts';
import type { Sample } from './figures.ts';
import { missingPrograms } from './programs.ts';
import type { BenchmarkResult } from './results.ts';
import { Workplace, type Checkouts } from './workplace.ts';

/** How often, how long, and who is told. */
export interface RoundsOptions extends RunOptions {
  readonly rounds: number;
  /** Only cases are run whose names contain it. */
  readonly caseText: string;
  readonly checkouts: Checkouts;
  readonly progress: (text: string) => void;
  /** Is given each workplace for as long as it is in use, so that an interrupt can clear it. */
  readonly occupy: (workplace: Workplace | undefined) => void;
}

/** Runs a benchmark: in each round each case, first ours, then the peer. Throws when a run fails. */
export async function runRounds(benchmark: Benchmark, options: RoundsOptions): Promise<BenchmarkResult> {
  const { name, work, peer, commonGoals = [], slices = 1 } = benchmark;
  const rounds = options.rounds * slices;
  const slice = { ...options, seconds: options.seconds / slices };
  const missing = missingPrograms(benchmark.needs);
  const obstacle = missing.length > 0 ? `this machine has no ${missing.join(', ')}` : benchmark.obstacle?.();
  const missingPeers = peer === undefined || options.checkouts.peer !== undefined ? [] : missingPrograms(benchmark.peerNeeds);
  const skipped = obstacle ?? (missingPeers.length > 0 ? `the peer is not here (no ${missingPeers.join(', ')}): ours alone` : undefined);
  const cases = benchmark.cases
    .filter((one) => one.name.includes(options.caseText))
    .map((one) => ({
      ...one,
      skipped: options.checkouts.peer === undefined ? one.peerMissing?.() : undefined,
      samples: { ours: [] as Sample[], peer: [] as Sample[] },
    }));
  for (let round = 1; obstacle === undefined && round <= rounds; round++) {
    for (const one of cases) {
      for (const side of sidesOf(one, peer !== undefined && missingPeers.length === 0 && one.skipped === undefined)) {
        options.progress(`${name}${cases.length > 1 ? ` ${one.name}` : ''}: round ${round} of ${rounds}, ${side}`);
        one.samples[side].push(await runOnce(one, side, slice));
      }
    }
  }
  return {
    name,
    work,
    peer,
    skipped,
    commonGoals,
    cases: cases.map(({ name: caseName, skipped: caseSkipped, samples, ratioGoals = {}, ownGoals = {} }) => ({
      name: caseName,
      skipped: caseSkipped,
      ...samples,
      ratioGoals,
      ownGoals,
    })),
  };
}

function sidesOf({ oursOnly = false }: Case, peerIsHere: boolean): readonly Side[] {
  return oursOnly || !peerIsHere ? ['ours'] : ['ours', 'peer'];
}

async function runOnce(one: Case, side: Side, options: RoundsOptions): Promise<Sample> {
  await using workplace = new Workplace(options.checkouts);
  options.occupy(workplace);
  try {
    return await one.run(side, workplace, options);
  } catch (error) {
    throw new Error(`${one.name}, ${side}: ${reasonOf(error)}`, { cause: error });
  } finally {
    options.occupy(undefined);
  }
}
