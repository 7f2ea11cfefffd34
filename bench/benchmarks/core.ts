import { fileURLToPath } from 'node:url';
import type { CoreResult, CoreSpec } from '../core/spec.ts';
import type { Benchmark, Case } from '../harness/benchmark.ts';
import type { Goal } from '../harness/goals.ts';

const few = { ports: 64, stations: 64, destinations: 'known', tags: 'none' } as const;

/** The switch alone in memory: no sockets, no copies, one thread. */
export const core: Benchmark = {
  name: 'core',
  work: 'the switch alone in memory, 60-octet frames, VLANs and counters on',
  needs: [],
  peerNeeds: [],
  cases: [
    coreCase('unicast', few, { want: 'at-least', goal: 8e6 }),
    coreCase('unicast between trunks', { ...few, tags: 'all' }),
    coreCase('unicast, each gains or loses its tag', { ...few, tags: 'mixed' }),
    coreCase('flood to 32', { ...few, ports: 33, stations: 33, destinations: 'broadcast' }),
    coreCase('100,000 stations', { ...few, stations: 100_000 }, { want: 'at-least', goal: 4e6 }),
  ],
};

function coreCase(name: string, what: Omit<CoreSpec, 'seconds' | 'warmup'>, goal?: Goal): Case {
  return {
    name,
    oursOnly: true,
    ...(goal && { ownGoals: { perProcessorSecond: goal } }),
    async run(_, workplace, { seconds, warmup }) {
      const spec: CoreSpec = { ...what, seconds, warmup };
      const program = fileURLToPath(new URL('../core/main.js', import.meta.url));
      const running = workplace.start([process.execPath, program, JSON.stringify(spec)]);
      const [line] = await running.line(/^\{.*\}$/, 30 + seconds + warmup);
      const { processorSeconds, framesIn, framesOut, heapPerFrame } = JSON.parse(line) as CoreResult;
      return {
        perProcessorSecond: framesIn / processorSeconds,
        copiesPerProcessorSecond: framesOut / processorSeconds,
        nanosecondsPerFrame: (processorSeconds / framesIn) * 1e9,
        heapPerFrame,
      };
    },
  };
}
