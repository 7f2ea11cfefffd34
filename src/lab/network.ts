import { EtherloomError } from '../errors.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { Fabric, type FabricOptions } from './fabric.ts';
import { Inventory } from './inventory.ts';
import { dhcpWords, LabDhcp, type LabDhcpOptions } from './lab-dhcp.ts';
import { hostOptionWords, type LabHostOptions } from './lab-host-options.ts';
import { LabHost } from './lab-host.ts';
import { LabStation, type LabStationOptions, programWords } from './lab-station.ts';
import { type LabSwitchOptions, switchWords } from './lab-switch-options.ts';
import { LabSwitch } from './lab-switch.ts';
import { Link } from './link.ts';
import { freeHostAddress, readMacText, stationMac, switchMac } from './names.ts';
import { conditionOf, Settling } from './goals.ts';
import { Partition, partitionWords } from './partition.ts';
import { linkWords, membershipOf, type NewLink, type Node, plugIn, plugsOf, stationWords, type StationLink } from './plugs.ts';
import { ring, star, tree, type Star, type StarOptions, type Topology, type TopologyOptions, type TreeOptions } from './topologies.ts';
import { isThenable } from './timeline.ts';
import { millisecondsOf, type Span } from './span.ts';
import { checkOptions, formatLine, formatNames, formatWords, type Wording } from './words.ts';

/** How a lab is set up. */
export interface LabOptions extends FabricOptions {
  /**
   * Keeps evidence of a failed assertion, whose expectation is its name, and returns its place: `evidenceIn(directory)` of
   * `etherloom/lab/node`.
   */
  readonly evidence?: (net: Network, name: string) => string;
}

/** How long to wait by default for something that may never come. */
const defaultPatience: Span = { minutes: 10 };

/**
 * A network in virtual time: switches, stations, links. Time passes only during a run. A run takes as long as its work takes, however much virtual
 * time it covers. The same seed and the same calls give the same run.
 */
export class Network extends Inventory implements Disposable {
  /** The parts that its elements share. */
  readonly fabric: Fabric;
  /** The addresses of its hosts. */
  readonly #addresses = new Set<Ipv4Address>();
  readonly #servers: LabDhcp[] = [];
  readonly #partitions = new Set<Partition>();
  #switches = 0;
  #stations = 0;

  constructor(options: LabOptions) {
    checkOptions(options, labWords);
    super();
    this.fabric = new Fabric(options);
    this.fabric.explain = (port, frame) => this.#explain(port, frame);
    this.fabric.outages = () => this.#outages();
    this.fabric.nameOf = (mac) => this.nodes.find((node) => node.mac === mac)?.name;
    this.fabric.logs = () => this.hosts.flatMap(({ name, log }) => log.map(({ time, text }) => ({ time, text: `${name}: ${text}` })));
    this.fabric.evidence = (name) => options.evidence?.(this, name);
  }

  /** Milliseconds since it began. */
  get now(): number {
    return this.fabric.timeline.now;
  }

  /** Its DHCP servers. */
  get servers(): readonly LabDhcp[] {
    return this.#servers;
  }

  /** Adds a switch. Throws EtherloomError('bad-option') if the name is taken or invalid, as all methods do that add something. */
  switch(name: string, options: LabSwitchOptions = {}): LabSwitch {
    checkOptions(options, switchWords);
    return this.fabric.act(
      () => formatLine('switch', name, formatWords(options)),
      () => this.add(new LabSwitch(name, switchMac(++this.#switches), options, this.fabric)),
    );
  }

  /** Adds a host, and links it to a switch. */
  host(name: string, at?: LabSwitch, options: LabHostOptions & StationLink = {}): LabHost {
    checkOptions(options, hostOptionWords);
    return this.fabric.act(
      () => formatLine('host', name, at?.name ?? '-', formatWords(options)),
      () => {
        const number = ++this.#stations;
        const host = new LabHost(name, freeHostAddress(number, this.#addresses), stationMac(number), options, this.fabric);
        if (host.address !== undefined) this.#addresses.add(host.address);
        return this.#place(host, at, options);
      },
    );
  }

  /** Adds a station that only runs its program, and links it to a switch. */
  station(name: string, at?: LabSwitch, options: LabStationOptions & StationLink = {}): LabStation {
    checkOptions(options, { ...stationWords, ...programWords });
    return this.fabric.act(
      () => formatLine('station', name, at?.name ?? '-', formatWords(options)),
      () => {
        const mac = options.mac === undefined ? stationMac(++this.#stations) : readMacText(options.mac);
        return this.#place(new LabStation(name, mac, options, this.fabric), at, options);
      },
    );
  }

  /** Adds a DHCP server to a switch. */
  dhcp(at: LabSwitch, options: LabDhcpOptions = {}): LabDhcp {
    checkOptions(options, dhcpWords);
    this.checkOurs(at);
    return this.fabric.act(
      () => formatLine('dhcp', at.name, formatWords(options)),
      () => {
        const server = new LabDhcp(at, this.#servers.length + 1, options, this.fabric, this.#servers);
        this.#servers.push(server);
        return server;
      },
    );
  }

  /** Adds a master with a DHCP server, that many slaves, and a host at each. */
  star(slaves: number, options: StarOptions = {}): Star {
    return star(this, slaves, options);
  }

  /** Adds that many switches in a ring with a spanning tree, and a host at each. */
  ring(size: number, options: TopologyOptions = {}): Topology {
    return ring(this, size, options);
  }

  /** Adds a tree of switches with hosts at its leaves. */
  tree(options: TreeOptions): Topology {
    return tree(this, options);
  }

  /** Links two nodes, or two ports of a switch. Throws EtherloomError('busy') if a station is linked already: it has one plug. */
  link(a: Node, b: Node, options: NewLink = {}): Link {
    checkOptions(options, linkWords);
    return this.#connect(a, b, options);
  }

  #connect(a: Node, b: Node, options: NewLink): Link {
    this.checkOurs(a, b);
    return this.fabric.act(
      () => formatLine('link', a.name, b.name, formatWords(options)),
      () => {
        const [here, there] = [membershipOf(a, b, options), membershipOf(b, a, options)];
        const link = new Link(this.freeName(a, b), plugsOf(a, b), options, this.fabric);
        this.addLink(link);
        this.fabric.grew(this.nodeCount, this.linkCount);
        // The carriers come up only when both ends are plugged in.
        const unready = link.cut();
        for (const partition of this.#partitions) partition.sever(link);
        plugIn(a, link.ends[0], here);
        plugIn(b, link.ends[1], there);
        unready[Symbol.dispose]();
        return link;
      },
    );
  }

  /**
   * Cuts every link between nodes of two groups until disposed, including links that are added meanwhile. Nodes without a group form one of
   * their own; a node that is added meanwhile joins the group to which it is first linked. With `silent`, all carriers stay.
   */
  partition(groups: readonly (readonly Node[])[], options: { readonly silent?: boolean } = {}): Disposable {
    checkOptions(options, partitionWords);
    const { silent = false } = options;
    this.checkOurs(...groups.flat());
    return this.fabric.fault(
      () => formatLine(silent ? 'partition-silently' : 'partition', ...groups.map((group) => formatNames(group))),
      () => {
        const partition = new Partition(groups, this.nodes, silent);
        this.#partitions.add(partition);
        for (const link of this.links) partition.sever(link);
        return {
          [Symbol.dispose]: () => {
            this.#partitions.delete(partition);
            partition[Symbol.dispose]();
          },
        };
      },
    );
  }

  /** Removes a node, with its links. */
  remove(node: Node): void {
    this.checkOurs(node);
    this.fabric.act(
      () => `remove ${node.name}`,
      () => {
        for (const link of this.links) if (link.ends.some(({ owner }) => owner === node)) this.unlink(link);
        node[Symbol.dispose]();
        this.drop(node);
      },
    );
  }

  /** Unplugs a link for good. */
  unlink(link: Link): void {
    this.checkOurLink(link);
    this.fabric.act(
      () => `unlink ${link.name}`,
      () => {
        link[Symbol.dispose]();
        this.dropLink(link);
      },
    );
  }

  /** Lets a span of time pass. */
  async run(span: Span): Promise<void> {
    await this.fabric.pass(this.now + millisecondsOf(span));
  }

  /**
   * Lets time pass until a condition is true, which is checked after every happening, or until a promise from the network is settled;
   * resolves to its value. Throws EtherloomError('timed-out') if it takes longer than `patience`, ten minutes by default.
   */
  async runUntil(isSo: () => boolean, patience?: Span): Promise<void>;
  async runUntil<T>(promise: PromiseLike<T>, patience?: Span): Promise<T>;
  async runUntil<T>(what: (() => boolean) | PromiseLike<T>, patience: Span = defaultPatience): Promise<T | void> {
    const milliseconds = millisecondsOf(patience);
    const goal = isThenable(what) ? await Settling.of(what) : undefined;
    if (await this.fabric.pass(this.now + milliseconds, goal ? () => goal.settled : conditionOf(what))) return goal?.outcome();
    const missed = goal ? 'the promise was not settled' : 'the condition did not become true';
    throw new EtherloomError('timed-out', `${missed} within ${milliseconds / 1000} s; wait longer`);
  }

  /** Lets time pass until no frame is on any link. Running timers, such as those of a spanning tree, do not count. */
  async quiesce(patience: Span = defaultPatience): Promise<void> {
    await this.runUntil(() => this.fabric.quiet, patience);
  }

  [Symbol.dispose](): void {
    this.fabric.close();
    for (const node of this.nodes) node[Symbol.dispose]();
  }

  #place<T extends LabStation>(station: T, at: LabSwitch | undefined, { vlan, ...link }: StationLink): T {
    this.add(station);
    try {
      if (at) this.#connect(station, at, vlan === undefined ? link : { ...link, untagged: vlan });
    } catch (error) {
      this.remove(station);
      throw error;
    }
    return station;
  }

  #outages(): string[] {
    const crashed = this.nodes.filter(({ running }) => !running);
    const cut = this.links.filter(({ up, ends }) => !up && !ends.some(({ owner }) => crashed.some((one) => one === owner)));
    return [...crashed, ...cut].map(({ name }) => name);
  }

  #explain(port: string, frame: Uint8Array): string | undefined {
    const [name = '', number] = port.split('.');
    const node = this.nodes.find((one) => one.name === name);
    return node instanceof LabSwitch ? node.explain(Number(number), frame) : undefined;
  }
}

/** The options of a network. */
export const labWords = {
  seed: 'number',
  history: 'number',
  calm: 'number',
  record: 'flag',
  poison: 'flag',
  evidence: 'function',
} as const satisfies Wording<LabOptions & FabricOptions>;
