import type { Benchmark } from '../harness/benchmark.ts';
import { startPlugs } from '../harness/chain.ts';
import { runLoad, sampleOf, smallFrame } from '../harness/load.ts';

/** Fewer than any queue on the way holds, so that nothing is lost for want of room. */
const window = 200;

/** Two of our switches that plugs join: what these take. */
export const plugs: Benchmark = {
  name: 'plugs',
  work: 'two of our switches joined by dpipe and two vde_plug; the CPU is that of the plugs',
  peer: 'the original dpipe and vde_plug',
  needs: [],
  peerNeeds: ['dpipe', 'vde_plug'],
  cases: [smallFrame, 1514].map((frameSize) => ({
    name: `frames of ${frameSize} octets`,
    ratioGoals: { perProcessorSecond: { want: 'at-least', goal: 0.75 } },
    async run(side, workplace, options) {
      const { directories, processes } = await startPlugs(side, workplace);
      const stations = directories.map((directory) => ({ directory }));
      return sampleOf(await runLoad({ stations, processes, frameSize, window }, workplace, options));
    },
  })),
};
