import type { Benchmark, Case } from '../harness/benchmark.ts';
import { runLoad, sampleOf, stationsAt } from '../harness/load.ts';
import { startSwitch } from '../harness/switches.ts';

const asScheduled = 'wherever the system lets it run';

/** One frame to and fro: how long it takes. */
export const latency: Benchmark = {
  name: 'latency',
  work: 'ping-pong of 60-octet frames between two stations',
  peer: 'vde_switch',
  needs: ['taskset'],
  peerNeeds: ['vde_switch'],
  slices: 2,
  cases: [
    {
      ...pingPong(asScheduled),
      ratioGoals: {
        p50: { want: 'at-most', goal: 1, floor: 1.15 },
        p99: { want: 'at-most', goal: 1, floor: 1.15 },
      },
    },
    // Waking a processor that sleeps takes longer than all the rest, and whether one has to be woken is a matter of chance.
    pingPong('switch and stations on one processor', 0),
  ],
};

function pingPong(name: string, processor?: number): Case {
  return {
    name,
    async run(side, workplace, options) {
      const { directory, process } = await startSwitch(side, workplace, { processor });
      const load = { stations: stationsAt(directory, 2), processes: [process.pid], seconds: 0, pingSeconds: options.seconds };
      return sampleOf(await runLoad(load, workplace, { ...options, processor }));
    },
  };
}
