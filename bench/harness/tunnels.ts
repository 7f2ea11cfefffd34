import { fileURLToPath } from 'node:url';
import type { FarEnd, TunnelKind } from '../load/spec.ts';
import type { Side } from './benchmark.ts';
import { Namespace } from './namespace.ts';
import { startOpenVswitch } from './open-vswitch.ts';
import { programOf, untilAnswers } from './switches.ts';
import type { Workplace } from './workplace.ts';

/** The programs that ours is compared with at the near end of a tunnel. */
export type TunnelPeer = 'open-vswitch' | 'kernel' | 'relay' | 'raw-socket';

/** A machine with one end of a tunnel, and the far end of it. */
export interface Tunnel {
  /** The namespace of the machine, in which the load runs. */
  readonly machine: Namespace;
  /** The card of the machine behind which the tunnel is. */
  readonly card: string;
  readonly farEnd: FarEnd;
  /** The process that forwards; none for the kernel. */
  readonly processes: readonly number[];
}

const key = 77;
const [local, remote] = ['10.99.1.1', '10.99.1.2'] as const;
const up = 'up0';
const tap = 'tap0';

/** Lays a veth between two namespaces, and a tunnel of `kind` over it, whose near end is ours or that of `peer`. */
export async function openTunnel(kind: TunnelKind, end: 'ours' | TunnelPeer, side: Side, workplace: Workplace): Promise<Tunnel> {
  const machine = await Namespace.open(workplace);
  const far = await Namespace.open(workplace, machine);
  machine.run('ip', 'link', 'add', up, 'type', 'veth', 'peer', 'name', 'down0', 'netns', String(far.pid));
  configure(machine, up, local);
  configure(far, 'down0', remote);
  const farEnd = { tunnel: kind, namespace: far.pid, local: remote, remote: local, key };
  const near = await startNear(kind, end, { machine, side, workplace });
  return { machine, farEnd, ...near };
}

interface Surroundings {
  readonly machine: Namespace;
  readonly side: Side;
  readonly workplace: Workplace;
}

async function startNear(
  kind: TunnelKind,
  end: 'ours' | TunnelPeer,
  surroundings: Surroundings,
): Promise<Pick<Tunnel, 'card' | 'processes'>> {
  const { machine, workplace } = surroundings;
  if (end === 'kernel') return kernelTunnel(machine);
  if (end === 'relay') return relay(kind, surroundings);
  if (end !== 'open-vswitch') return switchOfOurs(kind, end === 'raw-socket', surroundings);
  const { card, pid } = await startOpenVswitch({ kind, card: up, local, remote, key }, machine, workplace);
  return { card, processes: [pid] };
}

/** Our switch, with a TAP and the tunnel. */
async function switchOfOurs(
  kind: TunnelKind,
  byPackage: boolean,
  { machine, side, workplace }: Surroundings,
): Promise<Pick<Tunnel, 'card' | 'processes'>> {
  // The package is on the peer's side, with our program.
  const program = workplace.checkouts.peer === undefined ? 'ours' : side;
  const directory = workplace.path('switch');
  const address =
    kind === 'vxlan' ? `vxlan://${remote}?vni=${key}` : `gretap://${remote}?key=${key}${byPackage ? '&socket=raw-socket' : ''}`;
  const ports = ['--port', `tap://${tap}`, '--port', address];
  const running = machine.start([programOf(program, workplace, 'etherloom'), 'switch', '--plain', '--sock', directory, ...ports]);
  await untilAnswers(running, directory);
  machine.run('ip', 'link', 'set', tap, 'up');
  await machine.untilUp(tap, running);
  return { card: tap, processes: [running.pid] };
}

async function relay(kind: TunnelKind, { machine }: Surroundings): Promise<Pick<Tunnel, 'card' | 'processes'>> {
  const program = fileURLToPath(new URL('../relay/tunnel.js', import.meta.url));
  const running = machine.start([process.execPath, program, tap, kind, local, remote, String(key)]);
  await running.line(/^open$/);
  machine.run('ip', 'link', 'set', tap, 'up');
  await machine.untilUp(tap, running);
  return { card: tap, processes: [running.pid] };
}

/** The VXLAN device of the kernel on its bridge, and a veth to the station. */
function kernelTunnel(machine: Namespace): Pick<Tunnel, 'card' | 'processes'> {
  const ip = (text: string): string => machine.run('ip', ...text.split(' '));
  ip(`link add vx0 type vxlan id ${key} local ${local} remote ${remote} dstport 4789 dev ${up}`);
  ip('link add br0 type bridge');
  ip('link add s0 type veth peer name s1');
  for (const port of ['vx0', 's1']) ip(`link set ${port} master br0`);
  for (const card of ['vx0', 's1', 's0', 'br0']) ip(`link set ${card} up`);
  return { card: 's0', processes: [] };
}

function configure(namespace: Namespace, card: string, address: string): void {
  namespace.run('ip', 'address', 'add', `${address}/24`, 'dev', card);
  namespace.run('ip', 'link', 'set', card, 'up');
}
