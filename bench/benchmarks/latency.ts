import type { Benchmark } from '../harness/benchmark.ts';
import { runLoad, sampleOf, stationsAt } from '../harness/load.ts';
import { startSwitch } from '../harness/switches.ts';

/** One frame to and fro: how long it takes. */
export const latency: Benchmark = {
  name: 'latency',
  work: 'ping-pong of 60-octet frames between two stations',
  peer: 'vde_switch',
  needs: [],
  peerNeeds: ['vde_switch'],
  cases: [
    {
      name: 'ping-pong',
      ratioGoals: {
        p50: { want: 'at-most', goal: 1, floor: 1.15 },
        p99: { want: 'at-most', goal: 1, floor: 1.15 },
      },
      async run(side, workplace, options) {
        const { directory, process } = await startSwitch(side, workplace);
        const load = { stations: stationsAt(directory, 2), processes: [process.pid], seconds: 0, pingSeconds: options.seconds };
        return sampleOf(await runLoad(load, workplace, options));
      },
    },
  ],
};
