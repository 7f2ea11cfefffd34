import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { dissect } from './dhcp-hosts.ts';
import { networkFlags } from './peers.ts';
import type { Running, RunningOptions } from './running.ts';
import { bin, poisoned, until, type Output, type Stage } from './stage.ts';

/** The programs that a network of machines needs, beside its namespaces. */
export const overlayNeeds = ['ip', 'ethtool', 'ping'];

const transfers = join(import.meta.dirname, 'internet-peer.mjs');

/** A kernel's VXLAN device. */
export interface VxlanDevice {
  readonly vni: number;
  /** The card by which its packets leave, and the address to which they go. */
  readonly by: string;
  readonly remote: string;
  /** Its own address, as `192.168.50.1/24`. */
  readonly address: string;
}

/** A machine of its own, as far as the network goes. */
export class Machine {
  readonly pid: number;
  readonly #stage: Stage;
  readonly #enter: readonly string[];

  constructor(stage: Stage, pid: number, enter: readonly string[]) {
    this.#stage = stage;
    this.pid = pid;
    this.#enter = enter;
  }

  /** Starts a process on it. */
  start(command: readonly string[], options?: RunningOptions): Running {
    return this.#stage.start([...this.#enter, ...command], options);
  }

  /** Runs a command on it to its end. */
  async run(command: readonly string[], options?: RunningOptions): Promise<Output> {
    return this.#stage.run([...this.#enter, ...command], options);
  }

  /** Runs these lines of shell on it, and returns their output. Throws when one fails. */
  async sh(...lines: readonly string[]): Promise<string> {
    const { status, text } = await this.run(['sh', '-e', '-c', lines.join('\n')]);
    if (status !== 0) throw new Error(`${lines.join('; ')}: ${text}`);
    return text;
  }

  /** Starts `etherloom` on it, and returns it when it is ready. */
  async etherloom(...args: readonly string[]): Promise<Running> {
    const running = this.start([bin('etherloom'), ...args], poisoned);
    await running.line(/^ready$/);
    return running;
  }

  /** Starts a switch on it, with a console and these ports, for which leaving the machine unencrypted is allowed. */
  async switch(name: string, ports: readonly string[], ...more: readonly string[]): Promise<Running> {
    const place = ['--sock', this.#stage.path(name), '--mgmt', this.#stage.path(`${name}.mgmt`)];
    return this.etherloom('switch', ...place, '--plain', ...ports.flatMap((port) => ['--port', port]), ...more);
  }

  /** Makes a kernel's VXLAN device `name`, and sets it up. */
  async vxlan(name: string, { vni, by, remote, address }: VxlanDevice): Promise<void> {
    await this.sh(
      `ip link add ${name} type vxlan id ${vni} remote ${remote} dstport 4789 dev ${by}`,
      `ip address add ${address} dev ${name}`,
      `ip link set ${name} up`,
    );
  }

  /** Records what passes cards of it, in a file of the stage. */
  async record(...cards: readonly string[]): Promise<Recording> {
    const file = this.#stage.path(`${cards.join('-')}.pcapng`);
    const dumpcap = this.start(['dumpcap', '-q', '-w', file, ...cards.flatMap((card) => ['-i', card])]);
    await dumpcap.line(/^File:/);
    return new Recording(this.#stage, file, dumpcap);
  }

  /** Pings an address by packets of so many octets, and expects each answer. */
  async pings(address: string, { count = 3, octets = 56 } = {}): Promise<void> {
    // One by one: of several, ping waits for the last ones twice as long as the others took, and no longer.
    for (let sent = 0; sent < count; sent++)
      expect((await this.run(['ping', '-c', '1', '-W', '5', '-s', String(octets), address])).status).toBe(0);
  }

  /** Starts a web server on it that has the octets to compare. */
  async serve(address: string, port = 80): Promise<Running> {
    const running = this.start([process.execPath, transfers, 'serve', address, String(port)]);
    await running.line(/^serving$/);
    return running;
  }

  /** Fetches octets from such a server, or brings them there, and expects that each came as it was sent. */
  async moves(how: 'get' | 'put', url: string, octets: number): Promise<void> {
    const { status, text } = await this.run([process.execPath, transfers, how, url, String(octets)]);
    expect({ status, text }).toMatchObject({ status: 0, text: expect.stringContaining(`same ${octets} octets`) as string });
  }

  /** Makes so many connections to such a server, eight at a time, and expects an answer on each. */
  async connects(address: string, count: number, port = 80): Promise<void> {
    const { text } = await this.run([process.execPath, transfers, 'connect', address, String(port), String(count), '8']);
    expect(text).toBe(`answered ${count}`);
  }
}

/** A recording of packets, while it goes on and when it has ended. */
export class Recording {
  readonly #stage: Stage;
  readonly #file: string;
  readonly #dumpcap: Running;

  constructor(stage: Stage, file: string, dumpcap: Running) {
    this.#stage = stage;
    this.#file = file;
    this.#dumpcap = dumpcap;
  }

  /** Ends it, when all before is in it: a last ping, from that machine to that address, of which `packets` packets pass. */
  async end(from: Machine, address: string, packets: number): Promise<void> {
    const mark = 'end of recording';
    await from.sh(`ping -c 1 -W 5 -s 32 -p ${Buffer.from(mark).toString('hex')} ${address}`);
    await until('the recording is complete', () => readFileSync(this.#file, 'latin1').split(mark).length > packets);
    await this.stop();
  }

  /** The octets of its file. */
  get octets(): Buffer {
    return readFileSync(this.#file);
  }

  /** Ends it, with the packets that are in it now. */
  async stop(): Promise<void> {
    await this.#dumpcap.end('SIGINT');
  }

  /** Returns what tshark says of the packets that a filter lets pass: each line once, with the values of these fields. */
  async lines(filter: string, ...fields: readonly string[]): Promise<Set<string>> {
    return new Set(await dissect(this.#stage, this.#file, filter, ...fields));
  }

  /** Returns the first packets with a wrong checksum or another fault, in tunnels, too, as tshark describes them. */
  async faults(): Promise<string[]> {
    // Of 0 and 0xffff, which are equal as checksums, Linux takes the latter for TCP, too, and tshark does not.
    const wrong = ['ip', 'udp', 'icmp'].map((protocol) => `${protocol}.checksum.status == 0`);
    const filter = [...wrong, '(tcp.checksum.status == 0 && tcp.checksum != 0xffff)', '_ws.malformed'].join(' || ');
    return (await dissect(this.#stage, this.#file, filter)).slice(0, 5);
  }
}

/** Machines with cables between them, in namespaces of this user. */
export class Network {
  readonly #stage: Stage;
  readonly #user: readonly string[];
  /** The machine that holds the user's namespaces, in which it makes the others. */
  readonly first: Machine;

  private constructor(stage: Stage, holder: Running, user: readonly string[]) {
    this.#stage = stage;
    this.#user = user;
    this.first = this.#machine(holder);
  }

  /** Makes it, with one machine. `flags` are those of `unshare`. */
  static async open(stage: Stage, flags = networkFlags()): Promise<Network> {
    if (flags === undefined) throw new Error('no namespaces here');
    const holder = stage.start(['unshare', flags, 'sh', '-c', holding]);
    await holder.line(/^made$/);
    return new Network(stage, holder, flags.includes('U') ? ['-U', '--preserve-credentials'] : []);
  }

  /** Adds a machine. */
  async add(): Promise<Machine> {
    const holder = this.first.start(['unshare', '-n', 'sh', '-c', holding]);
    await holder.line(/^made$/);
    return this.#machine(holder);
  }

  /**
   * Lays a cable: `[machine, card, ...addresses]` of each end. The cards compute all checksums: a virtual cable never does, so sockets would
   * receive packets without them.
   */
  async cable(...ends: readonly [CableEnd, CableEnd]): Promise<void> {
    const [[one, card], [other, otherCard]] = ends;
    await one.sh(`ip link add ${card} type veth peer name ${otherCard} netns ${other.pid}`);
    for (const [machine, name, ...addresses] of ends) {
      await machine.sh(
        `ethtool -K ${name} tx off >/dev/null`,
        `ip link set ${name} up`,
        ...addresses.map((address) => `ip address add ${address} dev ${name} ${address.includes(':') ? 'nodad' : ''}`),
      );
    }
  }

  #machine({ pid }: Running): Machine {
    return new Machine(this.#stage, pid, ['nsenter', '-t', String(pid), ...this.#user, '-n', '-m']);
  }
}

/** A machine, the name of its card, and the card's addresses. */
export type CableEnd = readonly [Machine, string, ...string[]];

const holding = 'ip link set lo up && echo made && exec cat';
