import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { realClock } from '../../src/clock.ts';
import { ApiClient } from '../../src/http/client.ts';
import { apiSocketIn } from '../../src/http/paths.ts';
import { macOfId } from '../../src/star/identity.ts';
import { LocalNetwork, type Machine } from '../chaos/local-network.ts';
import { StarNode } from '../chaos/node.ts';
import { programOf } from '../harness/switches.ts';
import type { Workplace } from '../harness/workplace.ts';
import { lans, type Fault } from './fault.ts';
import type { Place } from './traffic.ts';

const [port, subnet] = [7378, '10.77.0.0/24'];

/** The prefix of the networks behind the routers. Both have the same addresses, as at home. */
const inside = '192.168.7';

/** The master is far away: a frame that took the short way too early overtakes those that went by the master. */
const far = ['--impair', 'delay 10'];

/** Two nodes, the lower number first. */
export type Pair = readonly [number, number];

/** The pairs within the LANs. */
export const pairsWithin: readonly Pair[] = lans.flatMap((lan) =>
  lan.flatMap((one) => lan.filter((other) => one < other).map((other) => [one, other] as const)),
);

/** A member, as the master shows it. */
export interface ShownMember {
  readonly id: number;
  /** The ids of the members to which it has a shortcut. */
  readonly shortcuts?: readonly number[];
}

/** The shortcuts of a slave, as it shows them itself. */
interface ShownSlave {
  readonly shortcuts?: readonly { readonly id: number; readonly sent: { readonly frames: number } }[];
}

/** Undoes a fault. */
export type Heal = () => Promise<void> | void;

/** A master with an address of its own, and slaves in two LANs, each behind a router with NAT. */
export class TwoLans {
  /** The master, then the slaves in the order of their ids. */
  readonly nodes: readonly StarNode[];
  readonly #program: string;
  readonly #lans: readonly LocalNetwork[];

  private constructor(program: string, nodes: readonly StarNode[], networks: readonly LocalNetwork[]) {
    this.#program = program;
    this.nodes = nodes;
    this.#lans = networks;
  }

  /** Makes the machines, and starts the nodes: all have joined. */
  static async open(workplace: Workplace): Promise<TwoLans> {
    const program = programOf('ours', workplace, 'etherloom');
    const command = ['env', `XDG_RUNTIME_DIR=${workplace.path('runtime')}`, 'ETHERLOOM_POISON=1', program];
    const node = (name: string, machine: Machine, ...words: readonly string[]): StarNode =>
      new StarNode(name, machine, workplace.path(name.replace(' ', '-')), [...command, ...words]);
    const world = await LocalNetwork.open(workplace);
    const centre = await world.machine();
    const nodes = [node('master', centre, 'master', '--listen', `${centre.address}:${port}`, '--subnet', subnet)];
    const networks: LocalNetwork[] = [];
    for (const lan of lans) {
      const network = await world.behindNat(inside);
      networks.push(network);
      for (const id of lan) nodes.push(node(`slave ${id}`, await network.machine(), 'join', ...far));
    }
    const star = new TwoLans(program, nodes, networks);
    await star.#join(workplace.path('line'));
    return star;
  }

  /** The place of a station for each node. */
  get places(): readonly Place[] {
    return this.nodes.map(({ sock }, id) => ({ mac: macOfId(id), directory: sock }));
  }

  /** The processes of the nodes. */
  readonly processes = (): readonly number[] => this.nodes.map(({ pid }) => pid);

  /** The address of the master. */
  get centre(): string {
    return this.node(0).machine.address;
  }

  /** Returns a node. Throws if there is none with that number. */
  node(number: number): StarNode {
    const node = this.nodes[number];
    if (!node) throw new Error(`no node ${number}`);
    return node;
  }

  /** Makes a fault. Returns the function that undoes it. */
  async suffer({ kind, node: number, other }: Fault): Promise<Heal> {
    const node = this.node(number);
    const { machine } = node;
    const apart = [machine, this.node(other).machine.address] as const;
    switch (kind) {
      case 'lan':
        return cutBetween(apart);
      case 'away':
        return cutBetween([machine, this.centre]);
      case 'both':
        return cutBetween(apart, [machine, this.centre]);
      case 'island':
        return cutBetween([this.#lanOf(number), this.centre]);
      case 'pull':
        machine.unplug();
        return () => machine.plug();
      case 'stop':
        node.signal('SIGSTOP');
        return () => node.signal('SIGCONT');
      case 'kill':
        await node.kill();
        return () => node.start();
    }
  }

  /** Runs a command of etherloom about the node of that number. Returns its output. Rejects when it fails. */
  async ask(number: number, ...words: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(this.#program, [...words, '--state', this.node(number).state]);
    return stdout;
  }

  /** Returns the pairs of nodes that have a shortcut, as the master shows them. */
  async pairs(): Promise<readonly Pair[]> {
    return pairsOf((await apiIn(this.node(0).state).run('GET', 'group.members')) as readonly ShownMember[]);
  }

  /** Returns the number of frames that each slave has sent by its shortcuts, by `FROM TO`. */
  async sentDirectly(): Promise<ReadonlyMap<string, number>> {
    const sent = new Map<string, number>();
    for (const [id, { state }] of this.nodes.entries()) {
      if (id === 0) continue;
      const { shortcuts = [] } = (await apiIn(state).run('GET', 'group.show')) as ShownSlave;
      for (const one of shortcuts) sent.set(`${id} ${one.id}`, one.sent.frames);
    }
    return sent;
  }

  /** Returns the names and the last words of all nodes, for a report. */
  get said(): string {
    return this.nodes.map(({ name, said }) => `${name} said:\n${said}`).join('\n');
  }

  #lanOf(number: number): LocalNetwork {
    const network = this.#lans[lans.findIndex((lan) => lan.includes(number))];
    if (!network) throw new Error(`node ${number} is in no LAN`);
    return network;
  }

  async #join(line: string): Promise<void> {
    const [master, ...slaves] = this.nodes;
    master?.start('--line-file', line);
    await master?.ready();
    for (const slave of slaves) {
      slave.start(readFileSync(line, 'utf8').trim());
      await slave.ready();
    }
  }
}

/** Returns the pairs of members that have a shortcut. */
export function pairsOf(members: readonly ShownMember[]): readonly Pair[] {
  return members.flatMap(({ id, shortcuts = [] }) => shortcuts.filter((other) => id < other).map((other) => [id, other] as const));
}

function apiIn(state: string): ApiClient {
  return new ApiClient(apiSocketIn(state), realClock);
}

/** Lets no packet pass between each of these and an address. Returns the function that ends this. */
async function cutBetween(...ways: readonly (readonly [Pick<Machine, 'cut' | 'mend'>, string])[]): Promise<Heal> {
  for (const [place, address] of ways) await place.cut(address);
  return async () => {
    for (const [place, address] of ways) await place.mend(address);
  };
}
