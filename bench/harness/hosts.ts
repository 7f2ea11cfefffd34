import type { Side } from './benchmark.ts';
import { Namespace } from './namespace.ts';
import type { Running } from './running.ts';
import { programOf, startSwitch, untilAnswers } from './switches.ts';
import type { Workplace } from './workplace.ts';

/** Two hosts with a card each, on one switch. */
export interface Hosts {
  readonly switchProcess: Running;
  readonly serving: Namespace;
  readonly asking: Namespace;
}

const card = 'tap';

/** The address of the host that serves. */
export const servingAddress = '10.99.0.1';
const askingAddress = '10.99.0.2';

/** Plugs each host's card in by vde_plug2tap. */
export async function pluggedHosts(side: Side, workplace: Workplace, mtu: number): Promise<Hosts> {
  const { directory, process } = await startSwitch(side, workplace);
  const host = async (address: string): Promise<Namespace> => {
    const namespace = await Namespace.open(workplace);
    namespace.run('ip', 'tuntap', 'add', card, 'mode', 'tap');
    configure(namespace, card, address, mtu);
    await namespace.untilUp(card, namespace.start(['vde_plug2tap', '-s', directory, card]));
    return namespace;
  };
  return { switchProcess: process, serving: await host(servingAddress), asking: await host(askingAddress) };
}

/** Makes each host's card a tap port of the switch itself, and moves it into the host. */
export async function tappedHosts(side: Side, workplace: Workplace, mtu: number): Promise<Hosts> {
  const outside = await Namespace.open(workplace);
  const directory = workplace.path('switch');
  const taps = ['tap0', 'tap1'] as const;
  const program = programOf(side, workplace, 'etherloom');
  const running = outside.start([program, 'switch', '--sock', directory, ...taps.flatMap((tap) => ['--port', `tap://${tap}`])]);
  await untilAnswers(running, directory);
  const host = async (tap: string, address: string): Promise<Namespace> => {
    const namespace = await Namespace.open(workplace, outside);
    outside.run('ip', 'link', 'set', tap, 'netns', String(namespace.pid));
    configure(namespace, tap, address, mtu);
    await namespace.untilUp(tap, running);
    return namespace;
  };
  return { switchProcess: running, serving: await host(taps[0], servingAddress), asking: await host(taps[1], askingAddress) };
}

function configure(namespace: Namespace, name: string, address: string, mtu: number): void {
  namespace.run('ip', 'link', 'set', name, 'mtu', String(mtu), 'up');
  namespace.run('ip', 'address', 'add', `${address}/24`, 'dev', name);
}
