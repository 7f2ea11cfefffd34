import { fileURLToPath } from 'node:url';
import type { Benchmark, Case } from '../harness/benchmark.ts';
import type { Goal } from '../harness/goals.ts';
import type { FigureName, Sample } from '../harness/figures.ts';
import { Namespace } from '../harness/namespace.ts';
import type { Workplace } from '../harness/workplace.ts';
import type { LabResult, LabScenario } from '../lab/scenario.ts';

const pings = { kind: 'pings', switches: 100, hosts: 1000, pairs: 1000 } as const;
const line = { kind: 'line', switches: 5, hosts: 40 } as const;

/** Networks in virtual time, in one thread; the smallest also as namespaces of the kernel, as Mininet makes them. */
export const lab: Benchmark = {
  name: 'lab',
  work: 'networks in virtual time',
  peer: 'the same in network namespaces, with bridges and veth pairs of the kernel',
  needs: [],
  peerNeeds: ['unshare', 'nsenter', 'ip', 'ping', 'mount'],
  cases: [
    {
      ...labCase('1,000 random pairs of 1,000 hosts on 100 switches: ARP and ping', { ...pings, fromNothing: false }),
      ownGoals: { wall: { want: 'at-most', goal: 2 } },
    },
    {
      ...labCase('the same from nothing: all are made, and switched on at once', { ...pings, fromNothing: true }),
      ownGoals: { wall: { want: 'at-most', goal: 2 } },
    },
    {
      ...labCase('10 minutes of an idle ring of 20 switches with a spanning tree', { kind: 'idle-ring', switches: 20, minutes: 10 }),
      ownGoals: { wall: { want: 'at-most', goal: 1 } },
    },
    {
      ...labCase('20 stations at the ends of 10 switches', { kind: 'row', switches: 10, stations: 20, milliseconds: 20_000 }),
      ownGoals: { hopsPerSecond: { want: 'at-least', goal: 2e6 } },
    },
    {
      name: '40 hosts on 5 switches, from nothing to 40 answers',
      ratioGoals: { wall: { want: 'at-most', goal: 1 } },
      run: async (side, workplace) => ({ wall: await (side === 'ours' ? lineOfLab(workplace) : lineOfKernel(workplace)) }),
    },
  ],
};

function labCase(name: string, scenario: LabScenario): Case & { ownGoals?: Readonly<Partial<Record<FigureName, Goal>>> } {
  return {
    name,
    oursOnly: true,
    async run(_, workplace): Promise<Sample> {
      const { seconds, hops, memory } = await runInLab(scenario, workplace);
      return { wall: seconds, hopsPerSecond: hops / seconds, memory };
    },
  };
}

async function runInLab(scenario: LabScenario, workplace: Workplace): Promise<LabResult> {
  const program = fileURLToPath(new URL('../lab/main.js', import.meta.url));
  const [text] = await workplace.start([process.execPath, program, JSON.stringify(scenario)]).line(/^\{.*\}$/, 120);
  const result = JSON.parse(text) as LabResult;
  const asked = scenario.kind === 'pings' ? scenario.pairs : scenario.kind === 'line' ? scenario.hosts : 0;
  if (result.answers !== asked) throw new Error(`${result.answers} of ${asked} pings were answered`);
  return result;
}

/** With the start of the process, so that both sides begin with nothing. */
async function lineOfLab(workplace: Workplace): Promise<number> {
  const begun = performance.now();
  await runInLab(line, workplace);
  return (performance.now() - begun) / 1000;
}

async function lineOfKernel(workplace: Workplace): Promise<number> {
  const begun = performance.now();
  const namespace = await Namespace.open(workplace);
  const script = fileURLToPath(new URL('../../../lab/line.sh', import.meta.url));
  const running = namespace.start(['bash', script, String(line.switches), String(line.hosts)]);
  const [text] = await running.line(/^answers \d+$/, 120);
  if (text !== `answers ${line.hosts}`) throw new Error(`${text} of ${line.hosts}; it said:\n${running.said}`);
  return (performance.now() - begun) / 1000;
}
