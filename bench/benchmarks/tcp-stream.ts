import { readFileSync } from 'node:fs';
import type { Benchmark, Case, RunOptions } from '../harness/benchmark.ts';
import type { Sample } from '../harness/figures.ts';
import { pluggedHosts, servingAddress, tappedHosts, type Hosts } from '../harness/hosts.ts';
import type { Namespace } from '../harness/namespace.ts';
import type { Workplace } from '../harness/workplace.ts';
import { processorTime, residentMemory } from '../load/processor-time.ts';

/** One TCP connection between the kernels of two hosts. vde_plug2tap carries at most 1500, so larger cases are ours alone. */
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
    run: async (side, workplace, options) => stream(await hosts(side, workplace, mtu), workplace, options),
  };
}

/** Sends for the warm-up, and once more for the measurement. */
async function stream(
  { serving, asking, switchProcess: { pid } }: Hosts,
  workplace: Workplace,
  { warmup, seconds }: RunOptions,
): Promise<Sample> {
  const iperf = serving.start(['iperf3', '-s', '--forceflush']);
  await iperf.line(/listening/);
  await send(asking, workplace.path('warmup.json'), warmup);
  const before = processorTime(pid);
  const { bits, seconds: measured } = await send(asking, workplace.path('stream.json'), seconds);
  const processor = (processorTime(pid) - before) / 1e9;
  return {
    megabits: bits / measured / 1e6,
    megabitsPerProcessorSecond: bits / processor / 1e6,
    processorShare: (100 * processor) / measured,
    memory: residentMemory(pid) / 2 ** 20,
  };
}

interface Report {
  readonly error?: string;
  readonly end: { readonly sum_received?: { readonly bytes: number; readonly seconds: number } };
}

async function send(asking: Namespace, log: string, seconds: number): Promise<{ bits: number; seconds: number }> {
  const duration = Math.max(1, Math.round(seconds));
  const iperf = asking.start(['iperf3', '-c', servingAddress, '-J', '--logfile', log, '-t', String(duration)]);
  await iperf.exit(duration + 20);
  const { error, end } = JSON.parse(readFileSync(log, 'utf8')) as Report;
  if (error !== undefined || end.sum_received === undefined) throw new Error(`iperf3 failed: ${error ?? 'no sum'}`);
  if (end.sum_received.bytes === 0) throw new Error('iperf3 sent nothing that arrived');
  return { bits: end.sum_received.bytes * 8, seconds: end.sum_received.seconds };
}
