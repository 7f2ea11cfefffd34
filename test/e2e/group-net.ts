import { readFileSync } from 'node:fs';
import { Network, overlayNeeds, type Machine, type Recording } from './overlay-rig.ts';
import type { Running } from './running.ts';
import { bin, poisoned, type Stage } from './stage.ts';

/** The programs that a group of machines needs, beside its namespaces. */
export const groupNeeds = [...overlayNeeds, 'nft', 'dumpcap', 'tshark'];

/** The port at which the master listens. */
export const groupPort = 7378;

/** The network of the guests. */
export const groupSubnet = '10.77.0.0/24';

/** A machine of the group, and the places of its node. */
export interface GroupHost {
  readonly name: string;
  readonly machine: Machine;
  /** Its address on the common network, or behind its NAT. */
  readonly address: string;
}

/** Machines on one LAN, each with an address of its own, and others behind a router with NAT. */
export class GroupNet {
  readonly #stage: Stage;
  readonly #network: Network;
  #count = 0;

  private constructor(stage: Stage, network: Network) {
    this.#stage = stage;
    this.#network = network;
  }

  /** Makes the LAN: a bridge that the kernel of the first machine has. */
  static async open(stage: Stage): Promise<GroupNet> {
    const network = await Network.open(stage);
    await network.first.sh('ip link add lan type bridge', 'ip link set lan up');
    return new GroupNet(stage, network);
  }

  /** Adds a machine to the LAN. */
  async add(name: string): Promise<GroupHost> {
    const machine = await this.#network.add();
    const number = ++this.#count;
    const address = `10.9.0.${number}`;
    await this.#network.cable([this.#network.first, `p${number}`], [machine, 'c0', `${address}/24`]);
    await this.#network.first.sh(`ip link set p${number} master lan`);
    return { name, machine, address };
  }

  /** Adds a machine behind a router of its own, which gives its packets the router's address. */
  async addBehindNat(name: string): Promise<GroupHost> {
    const { machine: router } = await this.add(`${name}-router`);
    const machine = await this.#network.add();
    const address = '192.168.7.2';
    await this.#network.cable([router, 'c1', '192.168.7.1/24'], [machine, 'c0', `${address}/24`]);
    await machine.sh('ip route add default via 192.168.7.1');
    await router.sh(
      'echo 1 >/proc/sys/net/ipv4/ip_forward',
      'nft add table ip nat',
      "nft 'add chain ip nat out { type nat hook postrouting priority 100 ; }'",
      'nft add rule ip nat out oifname c0 masquerade',
    );
    return { name, machine, address };
  }

  /** Records all packets on the LAN. */
  async record(): Promise<Recording> {
    return this.#network.first.record('lan');
  }

  /** Cuts the cable of a machine on the LAN, as its other end sees it, and connects it again. */
  async cable({ address }: GroupHost, state: 'up' | 'down'): Promise<void> {
    await this.#network.first.sh(`ip link set p${address.split('.').at(-1)} ${state}`);
  }

  /** Returns the places of a node: its sockets and its state. */
  place({ name }: GroupHost): string[] {
    return ['--sock', this.#stage.path(name), '--state', this.state(name)];
  }

  /** Returns the state directory of a node. */
  state(name: string): string {
    return this.#stage.path(`${name}.state`);
  }

  /** Starts a master, and returns it when it is ready, with the line by which hosts join. */
  async master(host: GroupHost, ...more: readonly string[]): Promise<{ readonly running: Running; readonly line: string }> {
    const file = this.#stage.path('line');
    const running = await host.machine.etherloom('master', '--subnet', groupSubnet, '--line-file', file, ...this.place(host), ...more);
    return { running, line: readFileSync(file, 'utf8').trim() };
  }

  /** Starts a slave that joins by a line, which it reads from its standard input. Returns it when it is ready. */
  async join(host: GroupHost, line: string, ...more: readonly string[]): Promise<Running> {
    const running = host.machine.start([bin('etherloom'), 'join', '-', '--name', host.name, ...this.place(host), ...more], poisoned);
    running.stdin.end(`${line}\n`);
    await running.line(/^ready$/);
    return running;
  }

  /** Starts a small host at a node's switch, which pings these addresses once a second. */
  station(host: GroupHost, id: number, addresses: readonly string[]): Running {
    const pings = addresses.flatMap((address) => ['--ping', address]);
    return host.machine.start([bin('etherloom'), 'station', '--sock', this.#stage.path(host.name), '--id', String(id), ...pings]);
  }
}
