import type { Benchmark, Case, RunOptions } from '../harness/benchmark.ts';
import type { Sample } from '../harness/figures.ts';
import { pluggedHosts, servingAddress, tappedHosts, type Hosts } from '../harness/hosts.ts';
import { serveStreams, stream } from '../harness/iperf.ts';
import type { Workplace } from '../harness/workplace.ts';
import { processorTime, residentMemory } from '../load/processor-time.ts';

/** One TCP connection between the kernels of two hosts. vde_plug2tap carries no more than 1500, so what is beyond is ours alone. */
export const tcpStream: Benchmark = {
  name: 'tcp-stream',
  work: 'iperf3 between two network namespaces',
  peer: 'the same through vde_switch',
  needs: ['unshare', 'nsenter', 'ip', 'vde_plug2tap', 'iperf3'],
  peerNeeds: ['vde_switch'],
  cases: [
    { ...streamCase('vde_plug2tap, MTU 1500', 1500, pluggedHosts), ratioGoals: { megabits: { want: 'at-least', goal: 1 } } },
    { ...streamCase('tap ports, MTU 1500', 1500, tappedHosts), oursOnly: true },
    { ...streamCase('tap ports, MTU 9000', 9000, tappedHosts), oursOnly: true },
  ],
};

function streamCase(name: string, mtu: number, hosts: typeof pluggedHosts): Case {
  return {
    name,
    run: async (side, workplace, options) => measure(await hosts(side, workplace, mtu), workplace, options),
  };
}

/** Sends for the warm-up, and once more for what is measured. */
async function measure(
  { serving, asking, switchProcess: { pid } }: Hosts,
  workplace: Workplace,
  { warmup, seconds }: RunOptions,
): Promise<Sample> {
  await serveStreams(serving);
  await stream(asking, { address: servingAddress, log: workplace.path('warmup.json'), seconds: warmup });
  const before = processorTime(pid);
  const { bits, seconds: measured } = await stream(asking, { address: servingAddress, log: workplace.path('stream.json'), seconds });
  const processor = (processorTime(pid) - before) / 1e9;
  return {
    megabits: bits / measured / 1e6,
    megabitsPerProcessorSecond: bits / processor / 1e6,
    processorShare: (100 * processor) / measured,
    memory: residentMemory(pid) / 2 ** 20,
  };
}
