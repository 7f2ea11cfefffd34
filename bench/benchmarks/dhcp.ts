import { fileURLToPath } from 'node:url';
import type { DhcpLoadResult, DhcpLoadSpec } from '../dhcp/spec.ts';
import type { Benchmark, Case, RunOptions } from '../harness/benchmark.ts';
import { serveOurs, servePeer, type DhcpPeer, type DhcpServed } from '../harness/dhcp-servers.ts';
import type { FigureName, Sample } from '../harness/figures.ts';
import type { Goal } from '../harness/goals.ts';
import { findKea } from '../harness/kea.ts';
import { reasonWithoutServers } from '../harness/namespace.ts';
import { missingPrograms } from '../harness/programs.ts';
import type { Workplace } from '../harness/workplace.ts';

interface Crowd extends Pick<DhcpLoadSpec, 'clients' | 'window'> {
  readonly name: string;
  /** True if each client gets its first lease: there are more than come in time. */
  readonly areNew?: boolean;
  readonly ownGoals: Readonly<Partial<Record<FigureName, Goal>>>;
  readonly ratioGoals: Readonly<Partial<Record<FigureName, Goal>>>;
}

const quick: Crowd['ownGoals'] = { ackP50: { want: 'at-most', goal: 400 }, exchangeProcessor: { want: 'at-most', goal: 400 } };
const asFast: Crowd['ratioGoals'] = { exchangesPerSecond: { want: 'at-least', goal: 1 } };

const crowds: readonly Crowd[] = [
  { name: '1 of 100 clients at a time', clients: 100, window: 1, ownGoals: quick, ratioGoals: {} },
  {
    name: '100 of 100 clients at a time',
    clients: 100,
    window: 100,
    ownGoals: { exchangeProcessor: { want: 'at-most', goal: 150 } },
    ratioGoals: asFast,
  },
  { name: '100 of 10,000 clients at a time', clients: 10_000, window: 100, ownGoals: {}, ratioGoals: asFast },
  { name: '1 new client at a time', clients: 45_000, window: 1, areNew: true, ownGoals: quick, ratioGoals: {} },
  { name: '100 new clients at a time', clients: 45_000, window: 100, areNew: true, ownGoals: {}, ratioGoals: {} },
];

/** Whole exchanges with a DHCP server: ours writes each lease to the disk before its ACK. */
export const dhcp: Benchmark = {
  name: 'dhcp',
  work: 'exchanges (DISCOVER, OFFER, REQUEST, ACK) of clients behind one port, which have their leases already but for the new ones; the CPU is that of switch and server',
  peer: 'dnsmasq and Kea, each behind a TAP port of our switch',
  needs: [],
  peerNeeds: [],
  cases: crowds.flatMap((crowd) => [crowdCase(crowd, 'dnsmasq'), crowdCase(crowd, 'Kea')]),
};

function crowdCase({ name, clients, window, areNew = false, ownGoals, ratioGoals }: Crowd, peer: DhcpPeer): Case {
  return {
    name: `${name}, beside ${peer}`,
    ownGoals,
    ratioGoals,
    peerMissing: () => missing(peer),
    async run(side, workplace, options) {
      const isOurs = side === 'ours' || workplace.checkouts.peer !== undefined;
      // It writes all leases anew for each: with 10,000 clients that takes minutes, which would not tell more.
      const known = peer === 'dnsmasq' && !isOurs && !areNew ? clients : 0;
      const served = isOurs ? await serveOurs(side, workplace) : await servePeer(peer, workplace, known);
      return ask(served, { clients, window, fill: known === 0 && !areNew }, workplace, options);
    },
  };
}

function missing(peer: DhcpPeer): string | undefined {
  const programs = missingPrograms(['unshare', 'nsenter', 'ip', ...(peer === 'dnsmasq' ? ['dnsmasq'] : [])]);
  if (programs.length > 0) return `this machine has no ${programs.join(', ')}`;
  const reason = reasonWithoutServers();
  if (reason !== undefined || peer === 'dnsmasq') return reason;
  const kea = findKea();
  return typeof kea === 'string' ? kea : undefined;
}

type Asking = Pick<DhcpLoadSpec, 'clients' | 'window' | 'fill'>;

/** Runs a load to its end, which has seen that each answer was right. */
async function ask(served: DhcpServed, asking: Asking, workplace: Workplace, { warmup, seconds }: RunOptions): Promise<Sample> {
  const spec: DhcpLoadSpec = { ...served, ...asking, ports: 1, warmup, seconds };
  const program = fileURLToPath(new URL('../dhcp/main.js', import.meta.url));
  const running = workplace.start([process.execPath, program, JSON.stringify(spec)]);
  const [line] = await running.line(/^\{.*\}$/, 90 + warmup + seconds);
  const result = JSON.parse(line) as DhcpLoadResult;
  if (result.exchanges === 0) throw new Error(`no client got a lease in ${seconds} s`);
  const share = (used: number): number => (100 * used) / result.seconds;
  return {
    exchangesPerSecond: result.exchanges / result.seconds,
    exchangeProcessor: (result.processorSeconds * 1e6) / result.exchanges,
    ackP50: result.ackP50,
    ackP99: result.ackP99,
    retries: result.retries,
    processorShare: share(result.processorSeconds),
    loadShare: share(result.loadProcessorSeconds),
    othersShare: share(result.otherProcessorSeconds),
    memory: result.memory / 2 ** 20,
  };
}
