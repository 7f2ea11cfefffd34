import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { Benchmark, Case, Side } from '../harness/benchmark.ts';
import type { Sample } from '../harness/figures.ts';
import { Namespace } from '../harness/namespace.ts';
import { programOf, untilAnswers } from '../harness/switches.ts';
import type { Workplace } from '../harness/workplace.ts';
import { processorTime } from '../load/processor-time.ts';

/** The throughput of a guest to the Internet: libslirp does the same work on both sides, behind another switch. */
export const gateway: Benchmark = {
  name: 'gateway',
  work: '100 MB by HTTP from the Internet, a namespace, to a guest behind --gateway, and back; the CPU is that of switch and libslirp',
  peer: 'vde_switch and slirpvde',
  needs: ['unshare', 'nsenter', 'ip', 'vde_plug2tap', 'vde_plug', 'pgrep'],
  peerNeeds: ['vde_switch', 'slirpvde'],
  cases: [movingCase('down', 'get'), movingCase('up', 'put')],
};

const internetAddress = '198.51.100.1';
const machineAddress = '198.51.100.2';
/** The network of slirpvde, in which the router has the same address in ours. */
const guestAddress = '10.0.2.50';
const router = '10.0.2.2';
const card = 'tap';
/** The serving and the fetching process; benchmarks run in the root of the project. */
const peer = resolve('test/e2e/internet-peer.mjs');

function movingCase(name: string, way: 'get' | 'put'): Case {
  return {
    name,
    run: async (side, workplace) => measure(await open(side, workplace), way),
  };
}

interface Hosts {
  readonly internet: Namespace;
  readonly guest: Namespace;
  /** The switch and what leads out of it. */
  readonly processes: readonly number[];
}

async function open(side: Side, workplace: Workplace): Promise<Hosts> {
  const machine = await Namespace.open(workplace);
  const internet = await Namespace.open(workplace, machine);
  machine.run('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'down0', 'netns', String(internet.pid));
  machine.run('ip', 'address', 'add', `${machineAddress}/24`, 'dev', 'up0');
  machine.run('ip', 'link', 'set', 'up0', 'up');
  internet.run('ip', 'address', 'add', `${internetAddress}/24`, 'dev', 'down0');
  internet.run('ip', 'link', 'set', 'down0', 'up');
  const directory = workplace.path('switch');
  const processes = await (side === 'ours' ? openOurs : openPeer)(machine, directory, workplace);
  const guest = await Namespace.open(workplace, machine);
  guest.run('ip', 'tuntap', 'add', card, 'mode', 'tap');
  guest.run('ip', 'address', 'add', `${guestAddress}/24`, 'dev', card);
  guest.run('ip', 'link', 'set', card, 'up');
  guest.run('ip', 'route', 'add', 'default', 'via', router);
  await guest.untilUp(card, guest.start(['vde_plug2tap', '-s', directory, card]));
  return { internet, guest, processes };
}

async function openOurs(machine: Namespace, directory: string, workplace: Workplace): Promise<number[]> {
  const words = ['--sock', directory, '--dhcp', '10.0.2.0/24', '--gateway'];
  const running = machine.start([programOf('ours', workplace, 'etherloom'), 'switch', ...words]);
  await running.line(/^ready$/);
  const slirp = Number(execFileSync('pgrep', ['-P', String(running.pid), '-x', 'vde_plug'], { encoding: 'utf8' }));
  return [running.pid, slirp];
}

async function openPeer(machine: Namespace, directory: string, workplace: Workplace): Promise<number[]> {
  const running = machine.start([programOf('peer', workplace, 'vde_switch'), '-s', directory]);
  await untilAnswers(running, directory);
  const slirp = machine.start(['/usr/bin/slirpvde', '-s', directory]);
  return [running.pid, slirp.pid];
}

/** The octets moved: for the warm-up, and for the measurement. */
const warmupSize = 10_000_000;
const measuredSize = 100_000_000;

/** Moves octets by HTTP, of which each is compared; slirpvde ends when iperf3 breaks off what it sends. */
async function measure({ internet, guest, processes }: Hosts, way: 'get' | 'put'): Promise<Sample> {
  const server = internet.start(['node', peer, 'serve', internetAddress, '80']);
  await server.line(/^serving$/);
  const move = async (size: number): Promise<number> => {
    const moving = guest.start(['node', peer, way, `http://${internetAddress}`, String(size)]);
    const [, milliseconds] = await moving.line(/^same \d+ octets in (\d+) ms$/, 120);
    return Number(milliseconds) / 1000;
  };
  await move(warmupSize);
  const spent = (): number => processes.reduce((sum, pid) => sum + processorTime(pid), 0);
  const before = spent();
  const seconds = await move(measuredSize);
  const [megabits, processor] = [(measuredSize * 8) / 1e6, (spent() - before) / 1e9];
  return { megabits: megabits / seconds, megabitsPerProcessorSecond: megabits / processor, processorShare: (100 * processor) / seconds };
}
