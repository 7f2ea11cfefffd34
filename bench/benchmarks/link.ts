import type { Benchmark, Case } from '../harness/benchmark.ts';
import { startChain } from '../harness/chain.ts';
import { runLoad, sampleOf } from '../harness/load.ts';

/** Fewer than any queue on the way holds, so that nothing is lost for want of room. */
const window = 200;

/** Two switches, joined over TCP on one machine: a station at each. */
export const link: Benchmark = {
  name: 'link',
  work: 'two switches joined over TCP on the loopback, 60-octet frames; the CPU is that of the whole chain',
  peer: 'two vde_switch joined by dpipe, vde_plug and nc',
  needs: [],
  peerNeeds: ['vde_switch', 'dpipe', 'vde_plug', 'nc'],
  cases: [linkCase(`at most ${window} frames under way`, window), linkCase('as many as the first switch takes')],
};

function linkCase(name: string, frames?: number): Case {
  return {
    name,
    ratioGoals: {
      perProcessorSecond: { want: 'at-least', goal: 4 },
      deliveredPerSecond: { want: 'at-least', goal: 2 },
      p50: { want: 'at-most', goal: 0.5 },
    },
    async run(side, workplace, options) {
      const { directories, processes } = await startChain(side, workplace);
      const stations = directories.map((directory) => ({ directory }));
      return sampleOf(await runLoad({ stations, processes, ...(frames !== undefined && { window: frames }) }, workplace, options));
    },
  };
}
