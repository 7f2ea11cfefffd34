import { fileURLToPath } from 'node:url';
import type { Benchmark, Side } from '../harness/benchmark.ts';
import { runLoad, sampleOf, stationsAt, type Load } from '../harness/load.ts';
import { startSwitch } from '../harness/switches.ts';
import type { Workplace } from '../harness/workplace.ts';

/** How far the switch is from what its system calls cost. */
export const relay: Benchmark = {
  name: 'relay',
  work: 'unicast-60 through the switch, and through a relay with its system calls and no switch logic',
  peer: 'the relay',
  needs: [],
  peerNeeds: [],
  cases: [
    {
      name: 'unicast',
      ratioGoals: { perProcessorSecond: { want: 'at-least', goal: 0.85 } },
      async run(side, workplace, options) {
        return sampleOf(await runLoad(await startSide(side, workplace), workplace, options));
      },
    },
  ],
};

async function startSide(side: Side, workplace: Workplace): Promise<Load> {
  if (side === 'ours') {
    const { directory, process } = await startSwitch(side, workplace);
    return { stations: stationsAt(directory, 2), processes: [process.pid] };
  }
  const stations = ['a', 'b'].map((name) => ({ own: workplace.path(`${name}-station`), peer: workplace.path(`${name}-relay`) }));
  const program = fileURLToPath(new URL('../relay/main.js', import.meta.url));
  const running = workplace.start([process.execPath, program, ...stations.flatMap(({ own, peer }) => [peer, own])]);
  await running.line(/^bound$/);
  return { stations, processes: [running.pid] };
}
