import { readFileSync } from 'node:fs';
import { decodePcapng } from '../../src/wire/pcapng.ts';
import { Network, overlayNeeds, type Machine } from './overlay-rig.ts';
import type { Running } from './running.ts';
import { bin, poisoned, type Output, type Stage } from './stage.ts';

/** The programs that a group of machines needs, beside its namespaces. */
export const groupNeeds = [...overlayNeeds, 'nft', 'dumpcap', 'hostname'];

/** The port at which the master listens. */
export const groupPort = 7378;

/** The line of shell that turns IPv6 off, of which the kernels of machines and guests send the same packets. */
const noIpv6 = 'for each in all default; do echo 1 >/proc/sys/net/ipv6/conf/$each/disable_ipv6; done';

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
    await network.first.sh(noIpv6, 'ip link add lan type bridge', 'ip link set lan up');
    return new GroupNet(stage, network);
  }

  /** Adds a machine to the LAN. */
  async add(name: string): Promise<GroupHost> {
    const machine = await this.#machine();
    const number = ++this.#count;
    const address = `10.9.0.${number}`;
    await this.#network.cable([this.#network.first, `p${number}`], [machine, 'c0', `${address}/24`]);
    await this.#network.first.sh(`ip link set p${number} master lan`);
    return { name, machine, address };
  }

  /** Adds a machine behind a router of its own, which gives its packets the router's address. */
  async addBehindNat(name: string): Promise<GroupHost> {
    const { machine: router } = await this.add(`${name}-router`);
    const machine = await this.#machine();
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

  /** Records all packets on the LAN. Returns the function that ends this, with the octets of all of them. */
  async record(): Promise<() => Promise<Buffer>> {
    const recording = await this.#network.first.record('lan');
    const [mark, other] = [await this.add('mark'), await this.add('other')];
    return async () => {
      await recording.end(mark.machine, other.address, 2);
      return recording.octets;
    };
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

  /** Starts a node on a machine that has the host's name. */
  start(host: GroupHost, ...words: readonly string[]): Running {
    const named = ['unshare', '-u', 'sh', '-c', 'hostname "$0" && exec "$@"', host.name];
    return host.machine.start([...named, bin('etherloom'), ...words, ...this.place(host), '--mgmt', this.#console(host)], poisoned);
  }

  /** Starts a master, and returns it when it is ready, with the line by which hosts join. */
  async master(host: GroupHost, ...more: readonly string[]): Promise<{ readonly running: Running; readonly line: string }> {
    const file = this.#stage.path('line');
    const running = this.start(host, 'master', '--subnet', groupSubnet, '--line-file', file, ...more);
    await running.line(/^ready$/);
    return { running, line: readFileSync(file, 'utf8').trim() };
  }

  /** Starts a slave that joins by a line, which it reads from its standard input. Returns it when it is ready. */
  async join(host: GroupHost, line: string, ...more: readonly string[]): Promise<Running> {
    const running = this.start(host, 'join', '-', ...more);
    running.stdin.end(`${line}\n`);
    await running.line(/^ready$/);
    return running;
  }

  /** Runs a command about a host's node to its end. */
  async ask(host: GroupHost, ...words: readonly string[]): Promise<Output> {
    return this.#stage.run([bin('etherloom'), ...words, '--state', this.state(host.name)]);
  }

  /** Captures the frames on the link of a slave. Returns the function that ends this, with the frames. */
  async capture(host: GroupHost): Promise<() => Promise<readonly Uint8Array[]>> {
    const file = this.#stage.path(`${host.name}.frames`);
    const link = '1';
    await this.#order(host, 'capture/start', link, file);
    return async () => {
      await this.#order(host, 'capture/stop', link);
      return (decodePcapng(readFileSync(file))?.packets ?? []).map(({ frame }) => frame);
    };
  }

  async #machine(): Promise<Machine> {
    const machine = await this.#network.add();
    await machine.sh(noIpv6);
    return machine;
  }

  async #order(host: GroupHost, ...words: readonly string[]): Promise<void> {
    const { status, text } = await this.#stage.run([bin('vdecmd'), '-s', this.#console(host), ...words]);
    if (status !== 0) throw new Error(`${words.join(' ')}: ${text}`);
  }

  #console({ name }: GroupHost): string {
    return this.#stage.path(`${name}.mgmt`);
  }

  /** Starts a small host at a node's switch, which pings these addresses once a second. */
  station(host: GroupHost, id: number, addresses: readonly string[]): Running {
    const pings = addresses.flatMap((address) => ['--ping', address]);
    return host.machine.start([bin('etherloom'), 'station', '--sock', this.#stage.path(host.name), '--id', String(id), ...pings]);
  }
}
