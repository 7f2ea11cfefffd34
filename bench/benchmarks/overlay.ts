import type { Benchmark, Case, RunOptions } from '../harness/benchmark.ts';
import type { FigureName, Sample } from '../harness/figures.ts';
import type { Goal } from '../harness/goals.ts';
import { runLoad, sampleOf, smallFrame } from '../harness/load.ts';
import { reasonWithoutNamespaces } from '../harness/namespace.ts';
import { findOpenVswitch } from '../harness/open-vswitch.ts';
import { canLoad } from '../harness/programs.ts';
import { openTunnel, type Tunnel, type TunnelPeer } from '../harness/tunnels.ts';
import type { Workplace } from '../harness/workplace.ts';
import type { TunnelKind } from '../load/spec.ts';

/** Fewer frames under way than the buffers of any side hold, so that nothing is lost for want of room. */
const window = 64;

interface Comparison {
  readonly kind: TunnelKind;
  readonly peer: TunnelPeer;
  readonly title: string;
  readonly peerMissing?: () => string | undefined;
  readonly ratioGoals?: Readonly<Partial<Record<FigureName, Goal>>>;
}

const asCheap: Comparison['ratioGoals'] = { perProcessorSecond: { want: 'at-least', goal: 1 } };

const comparisons: readonly Comparison[] = [
  { kind: 'vxlan', peer: 'open-vswitch', title: 'VXLAN, beside Open vSwitch', peerMissing: withoutOpenVswitch, ratioGoals: asCheap },
  { kind: 'vxlan', peer: 'kernel', title: 'VXLAN, beside the kernel' },
  { kind: 'vxlan', peer: 'relay', title: 'VXLAN, beside a relay' },
  { kind: 'gre', peer: 'open-vswitch', title: 'GRE, beside Open vSwitch', peerMissing: withoutOpenVswitch, ratioGoals: asCheap },
  { kind: 'gre', peer: 'raw-socket', title: 'GRE, beside the package raw-socket', peerMissing: withoutRawSocket },
];

/** A TAP and a tunnel on one machine: frames between the host behind the TAP and the tunnel's far end. */
export const overlay: Benchmark = {
  name: 'overlay',
  work: 'a TAP on one side, VXLAN or GRE over a veth on the other; one end sends, the other receives',
  peer: 'Open vSwitch without its kernel module, the kernel, a relay, or our switch with the package raw-socket',
  needs: ['unshare', 'nsenter', 'ip'],
  obstacle: reasonWithoutNamespaces,
  peerNeeds: [],
  cases: comparisons.flatMap((comparison) =>
    (['out', 'in'] as const).flatMap((way) => [smallFrame, 1400].map((frameSize) => tunnelCase(comparison, way, frameSize))),
  ),
};

function tunnelCase({ kind, peer, title, peerMissing, ratioGoals = {} }: Comparison, way: 'out' | 'in', frameSize: number): Case {
  return {
    name: `${title}: ${way}, ${frameSize} octets`,
    ratioGoals,
    ...(peerMissing && { peerMissing }),
    async run(side, workplace, options) {
      const isOurs = side === 'ours' || workplace.checkouts.peer !== undefined;
      const tunnel = await openTunnel(kind, isOurs ? 'ours' : peer, side, workplace);
      return measure(tunnel, { way, frameSize, workplace, options });
    },
  };
}

interface Measurement {
  readonly way: 'out' | 'in';
  readonly frameSize: number;
  readonly workplace: Workplace;
  readonly options: RunOptions;
}

async function measure({ machine, card, farEnd, processes }: Tunnel, { way, frameSize, workplace, options }: Measurement): Promise<Sample> {
  const stations = way === 'out' ? [{ card }, farEnd] : [farEnd, { card }];
  const result = await runLoad({ stations, processes, frameSize, window }, workplace, { ...options, namespace: machine });
  const { perProcessorSecond, ...sample } = sampleOf(result);
  const all = result.processorSeconds + result.loadProcessorSeconds + result.softirqSeconds;
  return {
    ...sample,
    // The kernel's device has no process.
    ...(processes.length > 0 && perProcessorSecond !== undefined && { perProcessorSecond }),
    perMachineSecond: result.delivered / all,
  };
}

function withoutOpenVswitch(): string | undefined {
  const found = findOpenVswitch();
  return typeof found === 'string' ? found : undefined;
}

function withoutRawSocket(): string | undefined {
  return canLoad('raw-socket') ? undefined : 'the package raw-socket is not built here';
}
