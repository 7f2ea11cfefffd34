import type { Benchmark, Case } from '../harness/benchmark.ts';
import type { Goal } from '../harness/goals.ts';
import { runLoad, sampleOf, stationsAt } from '../harness/load.ts';
import { startSwitch } from '../harness/switches.ts';

/** The same for all cases, so that it is not what makes them differ. */
const numports = 1100;

const counts = [0, 50, 200, 1000];

/** How far the best and the worst of ours may be apart. */
const flat: Goal = { want: 'at-most', goal: 1.1 };

/** Two stations among others that are plugged in and never speak. */
export const idlePorts: Benchmark = {
  name: 'idle-ports',
  work: 'as unicast-60, beside ports that are idle',
  peer: 'vde_switch',
  needs: [],
  peerNeeds: ['vde_switch'],
  cases: counts.map((count) => idleCase(count, count === 200 ? { want: 'at-least', goal: 15 } : undefined)),
  commonGoals: [
    {
      title: 'the best of ours : the worst of ours, per switch-CPU-second',
      goal: flat,
      figure(ours) {
        const figures = counts.map((count) => ours(nameOf(count), 'perProcessorSecond') ?? NaN);
        return Math.max(...figures) / Math.min(...figures);
      },
    },
  ],
};

function idleCase(count: number, goal: Goal | undefined): Case {
  return {
    name: nameOf(count),
    ...(goal && { ratioGoals: { perProcessorSecond: goal } }),
    async run(side, workplace, options) {
      const { directory, process } = await startSwitch(side, workplace, { numports });
      const load = { stations: stationsAt(directory, 2), idle: stationsAt(directory, count), processes: [process.pid] };
      return sampleOf(await runLoad(load, workplace, options));
    },
  };
}

function nameOf(count: number): string {
  return `${count} idle ports`;
}
