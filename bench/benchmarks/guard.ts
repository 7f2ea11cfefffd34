import type { Benchmark, Case } from '../harness/benchmark.ts';
import { runLoad, sampleOf, smallFrame, stationsAt } from '../harness/load.ts';
import { startSwitch } from '../harness/switches.ts';

/** The cost of the rules for hostile stations. */
export const guard: Benchmark = {
  name: 'guard',
  work: 'two stations, one switch, UDP over IPv4, at guarded ports',
  peer: 'the same switch without a guard',
  needs: [],
  peerNeeds: [],
  cases: [unicast(smallFrame), unicast(1514)],
};

function unicast(frameSize: number): Case {
  return {
    name: `frames of ${frameSize} octets`,
    ratioGoals: { perProcessorSecond: { want: 'at-least', goal: 0.97 } },
    async run(side, workplace, options) {
      const { directory, process } = await startSwitch('ours', workplace, { guarded: side === 'ours' });
      const load = { stations: stationsAt(directory, 2), processes: [process.pid], frameSize, ipv4: true };
      return sampleOf(await runLoad(load, workplace, options));
    },
  };
}
