import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Case, RunOptions } from '../harness/benchmark.ts';
import type { Sample } from '../harness/figures.ts';
import { runLoad, sampleOf, stationsAt } from '../harness/load.ts';
import { programOf, untilAnswers, type RunningSwitch } from '../harness/switches.ts';
import type { Workplace } from '../harness/workplace.ts';

const ports = 1000;

const atMost2Percent = { want: 'at-least', goal: 0.98 } as const;

/** The cost of reading the API, to the path of frames and alone. */
export const api: Benchmark = {
  name: 'api',
  work: `unicast-60 at a switch with ${ports} more ports, while a client reads its API; and reads alone`,
  peer: 'the same switch, which is not read',
  needs: [],
  peerNeeds: [],
  cases: [
    // A dashboard or a page, and more than any of them asks.
    {
      ...besideFrames('the counters of all ports, each second', '/v1/counters/show', 1),
      ratioGoals: { perProcessorSecond: atMost2Percent },
    },
    besideFrames('one port, 20 times a second', '/v1/port/list?port=100', 20),
    alone('one port, again and again', '/v1/port/list?port=100'),
    alone('the counters of all ports, again and again', '/v1/counters/show'),
  ],
};

function besideFrames(name: string, path: string, perSecond: number): Case {
  return {
    name,
    async run(side, workplace, options) {
      const { directory, process } = await startManyPorts(workplace);
      const reader = side === 'ours' ? startReader(directory, workplace, path, perSecond) : undefined;
      await reader?.line(/^ready$/);
      return sampleOf(await runLoad({ stations: stationsAt(directory, 2), processes: [process.pid] }, workplace, options));
    },
  };
}

function alone(name: string, path: string): Case {
  return {
    name,
    oursOnly: true,
    run: async (_, workplace, { seconds }: RunOptions): Promise<Sample> => {
      const { directory } = await startManyPorts(workplace);
      const reader = startReader(directory, workplace, path, 0);
      await reader.line(/^ready$/);
      await delay(seconds * 1000);
      reader.writeEnd();
      const [line] = await reader.line(/^\{.*\}$/);
      const { reads, seconds: taken, median } = JSON.parse(line) as { reads: number; seconds: number; median: number };
      return { readsPerSecond: reads / taken, readTime: median };
    },
  };
}

/** Starts our switch, with many ports without clients. */
async function startManyPorts(workplace: Workplace): Promise<RunningSwitch> {
  const [directory, script] = [workplace.path('switch'), workplace.path('ports.rc')];
  writeFileSync(script, Array.from({ length: ports }, (_, i) => `port/create ${i + 100}\n`).join(''));
  const words = ['switch', '--sock', directory, '-n', String(ports + 200), '-f', script];
  const running = workplace.start([programOf('ours', workplace, 'etherloom'), ...words], { silent: true });
  await untilAnswers(running, directory);
  return { directory, process: running };
}

function startReader(directory: string, workplace: Workplace, path: string, perSecond: number): ReturnType<Workplace['start']> {
  const program = fileURLToPath(new URL('../asking/main.js', import.meta.url));
  return workplace.start([process.execPath, program, `${directory}/api`, path, String(perSecond)]);
}
