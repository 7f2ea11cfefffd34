import type { Benchmark } from '../harness/benchmark.ts';
import type { Goal } from '../harness/goals.ts';
import { runLoad, sampleOf, stationsAt } from '../harness/load.ts';
import { startSwitch } from '../harness/switches.ts';
import type { Pattern } from '../load/spec.ts';

/** One station to 32 at once. */
export const flood: Benchmark = crowd('flood-32', 'broadcast to 32 stations; each copy counts', 33, 'flood', {
  want: 'at-least',
  goal: 1.5,
});

/** All stations to all others. */
export const manyTalkers: Benchmark = crowd('many-talkers', '64 stations, each to each in turn', 64, 'all', { want: 'at-least', goal: 2 });

function crowd(name: string, work: string, stations: number, pattern: Pattern, goal: Goal): Benchmark {
  return {
    name,
    work,
    peer: 'vde_switch',
    needs: [],
    peerNeeds: ['vde_switch'],
    cases: [
      {
        name,
        ratioGoals: { perProcessorSecond: goal },
        async run(side, workplace, options) {
          const { directory, process } = await startSwitch(side, workplace, { numports: 128 });
          const load = { stations: stationsAt(directory, stations), processes: [process.pid], pattern };
          return sampleOf(await runLoad(load, workplace, options));
        },
      },
    ],
  };
}
