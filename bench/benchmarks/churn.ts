import { fileURLToPath } from 'node:url';
import type { Benchmark } from '../harness/benchmark.ts';
import { runLoad, sampleOf, stationsAt, type Load } from '../harness/load.ts';
import { startSwitch } from '../harness/switches.ts';
import type { Workplace } from '../harness/workplace.ts';

/** Fewer than any queue on the way holds, so that nothing is lost for want of room. */
const window = 200;
const visitsPerSecond = 50;

/** Traffic while others come and go. */
export const churn: Benchmark = {
  name: 'churn',
  work: `unicast-60, at most ${window} frames under way, while clients come and go ${visitsPerSecond} times a second`,
  peer: 'vde_switch',
  needs: [],
  peerNeeds: ['vde_switch'],
  cases: [
    {
      name: 'churn',
      ownGoals: { lostByChurn: { want: 'at-most', goal: 0 } },
      async run(side, workplace, options) {
        const { directory, process } = await startSwitch(side, workplace);
        // The third is a bystander: it gets what the switch no longer knows where to send.
        const load: Load = { stations: stationsAt(directory, 3), processes: [process.pid], window };
        const quiet = sampleOf(await runLoad({ ...load, pingSeconds: 0 }, workplace, options));
        const crowd = startCrowd(directory, workplace);
        await crowd.line(/^ready$/);
        const result = await runLoad(load, workplace, options);
        crowd.writeEnd();
        const [line] = await crowd.line(/^\{.*\}$/);
        const { visits, seconds } = JSON.parse(line) as { visits: number; seconds: number };
        const sample = sampleOf(result);
        return {
          ...sample,
          lostByChurn: (sample.lost ?? NaN) - (quiet.lost ?? NaN),
          flooded: (100 * result.strays) / result.expected,
          churns: visits / seconds,
        };
      },
    },
  ],
};

function startCrowd(directory: string, workplace: Workplace): ReturnType<Workplace['start']> {
  const program = fileURLToPath(new URL('../churn/main.js', import.meta.url));
  return workplace.start([process.execPath, program, directory, String(visitsPerSecond)]);
}
