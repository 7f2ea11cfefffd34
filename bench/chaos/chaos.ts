import { seededRandom } from '../../src/lab/seeded-random.ts';
import { spreadOf } from '../harness/statistics.ts';
import type { Workplace } from '../harness/workplace.ts';
import type { ChaosArguments, Way } from './arguments.ts';
import { drawFault, faultKinds, type Fault } from './fault.ts';
import { ChaosStar } from './star.ts';

/** The recovery from one fault. */
export interface Recovery {
  readonly way: Way;
  readonly fault: Fault;
  /** From the end of the fault until all stations reached all others, in milliseconds. */
  readonly milliseconds: number;
}

/** The findings of a run. */
export interface ChaosResult {
  readonly recoveries: readonly Recovery[];
  /** The faults of the program, in words. A star has no further faults after its first one. */
  readonly faults: readonly string[];
}

/** Runs it. Throws when a star does not start. */
export async function chaos(
  { faults: count, seed, slaves, ways }: ChaosArguments,
  workplace: Workplace,
  tell: (line: string) => void,
): Promise<ChaosResult> {
  const random = seededRandom(seed);
  const stars: ChaosStar[] = [];
  for (const way of ways) stars.push(await ChaosStar.open(way, slaves, workplace, random));
  const recoveries: Recovery[] = [];
  const faults: string[] = [];
  for (let n = 1; n <= count && faults.length === 0; n++) {
    const fault = drawFault(random, slaves);
    const told: string[] = [];
    for (const star of stars) {
      const milliseconds = await star.suffer(fault);
      const found = typeof milliseconds === 'string' ? [milliseconds] : await star.check();
      if (typeof milliseconds === 'number') recoveries.push({ way: star.way, fault, milliseconds });
      faults.push(...found.map((one) => `${star.way}, ${textOf(fault)}: ${one}`));
      told.push(`${star.way} ${typeof milliseconds === 'number' ? `${milliseconds.toFixed(0)} ms` : 'NOT BACK'}`);
    }
    tell(`${String(n).padStart(4)}  ${textOf(fault).padEnd(28)} ${told.join(', ')}`);
  }
  if (faults.length === 0) for (const star of stars) faults.push(...(await star.end()).map((one) => `${star.way}: ${one}`));
  for (const star of stars) star[Symbol.dispose]();
  return { recoveries, faults };
}

/** Returns the figures of each kind of fault, one line each, and those of all. */
export function summary(recoveries: readonly Recovery[], ways: readonly Way[]): string[] {
  const line = (title: string, kinds: readonly string[]): string => {
    const figures = ways.map((way) => {
      const own = recoveries
        .filter((one) => one.way === way && kinds.includes(one.fault.kind))
        .map(({ milliseconds }) => milliseconds / 1000);
      const spread = spreadOf(own);
      return spread ? `${way} median ${spread.median.toFixed(2)} s, worst ${spread.max.toFixed(2)} s (${own.length})` : `${way} none`;
    });
    return `${title.padEnd(6)} ${figures.join('; ')}`;
  };
  return [...faultKinds.map((kind) => line(kind, [kind])), line('all', faultKinds)];
}

function textOf({ kind, node, lasts }: Fault): string {
  return `${kind} ${node === 0 ? 'master' : `slave ${node}`} ${(lasts / 1000).toFixed(1)} s`;
}
