import type { Benchmark } from '../harness/benchmark.ts';
import { runLoad, sampleOf, smallFrame, stationsAt } from '../harness/load.ts';
import { startSwitch } from '../harness/switches.ts';

const fullFrame = 1514;

/** Two stations, one switch: how many frames one sends that the other gets. */
export const unicastSmall = unicast('unicast-60', smallFrame);

/** The same with full frames. */
export const unicastFull = unicast('unicast-1514', fullFrame);

function unicast(name: string, frameSize: number): Benchmark {
  return {
    name,
    work: `two stations, one switch, frames of ${frameSize} octets`,
    peer: 'vde_switch',
    needs: [],
    peerNeeds: ['vde_switch'],
    cases: [
      {
        name: 'unicast',
        ratioGoals: {
          perProcessorSecond: { want: 'at-least', goal: 2, floor: 1.5 },
          userPerFrame: { want: 'at-most', goal: 1 },
          deliveredPerSecond: { want: 'at-least', goal: 1.2 },
        },
        async run(side, workplace, options) {
          const { directory, process } = await startSwitch(side, workplace);
          const load = { stations: stationsAt(directory, 2), processes: [process.pid], frameSize };
          return sampleOf(await runLoad(load, workplace, options));
        },
      },
    ],
  };
}
