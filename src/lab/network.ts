import { EtherloomError } from '../errors.ts';
import { Fabric, type FabricOptions } from './fabric.ts';
import { LabDhcp, type LabDhcpOptions } from './lab-dhcp.ts';
import { LabHost, type LabHostOptions } from './lab-host.ts';
import { LabStation, type LabStationOptions } from './lab-station.ts';
import { LabSwitch, type LabSwitchOptions } from './lab-switch.ts';
import { Link } from './link.ts';
import { checkName, readMacText, stationMac, switchMac } from './names.ts';
import { membershipOf, plugIn, plugsOf, type NewLink, type Node } from './plugs.ts';
import { ring, star, tree, type Star, type StarOptions, type Topology, type TopologyOptions, type TreeOptions } from './topologies.ts';
import { millisecondsOf, type Span } from './span.ts';
import { formatLine, formatNames, formatWords } from './words.ts';

/** How a lab is set up. */
export interface LabOptions extends FabricOptions {
  /** Keeps evidence of a failed assertion, what was expected in its name, and tells where: `evidenceIn(directory)` of `etherloom/lab/node`. */
  readonly evidence?: (net: Network, name: string) => string;
}

/** How a station is linked to its switch. */
export interface StationLink extends NewLink {
  /** The VLAN that it is in, without a tag. Default: 0. */
  readonly vlan?: number;
}

/** How long something is waited for that may never come. */
const defaultPatience: Span = { minutes: 10 };

/**
 * A network in virtual time: switches, stations, links. Time stands still but while it is told to run; then it takes as long as the work
 * takes, however long that is by its own clock. The same seed and the same calls give the same run.
 */
export class Network implements Disposable {
  /** What its parts share. */
  readonly fabric: Fabric;
  readonly #nodes = new Map<string, Node>();
  readonly #links = new Map<string, Link>();
  readonly #servers: LabDhcp[] = [];
  #switches = 0;
  #stations = 0;

  constructor(options: LabOptions) {
    this.fabric = new Fabric(options);
    this.fabric.explain = (port, frame) => this.#explain(port, frame);
    this.fabric.outages = () => this.#outages();
    this.fabric.evidence = (name) => options.evidence?.(this, name);
  }

  /** Milliseconds since it began. */
  get now(): number {
    return this.fabric.timeline.now;
  }

  /** All nodes, in the order in which they were added. */
  get nodes(): readonly Node[] {
    return [...this.#nodes.values()];
  }

  get switches(): readonly LabSwitch[] {
    return this.nodes.filter((node) => node instanceof LabSwitch);
  }

  get hosts(): readonly LabHost[] {
    return this.nodes.filter((node) => node instanceof LabHost);
  }

  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  get servers(): readonly LabDhcp[] {
    return this.#servers;
  }

  /** The node of that name. Throws EtherloomError('bad-option') when there is none. */
  node(name: string): Node {
    const node = this.#nodes.get(name);
    if (node) return node;
    throw wrong(`there is no ${name} in this network; add it first`);
  }

  /** As `node`, but what is no switch is refused too. */
  switchNamed(name: string): LabSwitch {
    return this.#nodeOf(name, LabSwitch, 'a switch');
  }

  /** As `node`, but what is no station is refused too; a host is one. */
  stationNamed(name: string): LabStation {
    return this.#nodeOf(name, LabStation, 'a station');
  }

  /** As `node`, but what is no host is refused too. */
  hostNamed(name: string): LabHost {
    return this.#nodeOf(name, LabHost, 'a host');
  }

  /** The link of that name, `s1-s2`. Throws EtherloomError('bad-option') when there is none. */
  linkNamed(name: string): Link {
    const link = this.#links.get(name);
    if (link) return link;
    throw wrong(`there is no link ${name}; use one of: ${[...this.#links.keys()].join(', ') || 'none'}`);
  }

  /** Adds a switch. Throws EtherloomError('bad-option') when the name is taken or none, as all does that adds something. */
  switch(name: string, options: LabSwitchOptions = {}): LabSwitch {
    return this.fabric.act(
      () => formatLine('switch', name, formatWords(options)),
      () => this.#add(new LabSwitch(name, switchMac(++this.#switches), options, this.fabric)),
    );
  }

  /** Adds a host, and links it to a switch. */
  host(name: string, at?: LabSwitch, options: LabHostOptions & StationLink = {}): LabHost {
    return this.fabric.act(
      () => formatLine('host', name, at?.name ?? '-', formatWords(options)),
      () => {
        const number = ++this.#stations;
        return this.#place(new LabHost(name, number, stationMac(number), options, this.fabric), at, options);
      },
    );
  }

  /** Adds a station that does nothing but what its program says, and links it to a switch. */
  station(name: string, at?: LabSwitch, options: LabStationOptions & StationLink = {}): LabStation {
    return this.fabric.act(
      () => formatLine('station', name, at?.name ?? '-', formatWords(options)),
      () => {
        const mac = options.mac === undefined ? stationMac(++this.#stations) : readMacText(options.mac);
        return this.#place(new LabStation(name, mac, options, this.fabric), at, options);
      },
    );
  }

  /** Puts a DHCP server into a switch. */
  dhcp(at: LabSwitch, options: LabDhcpOptions = {}): LabDhcp {
    this.#checkOurs(at);
    return this.fabric.act(
      () => formatLine('dhcp', at.name, formatWords(options)),
      () => {
        const server = new LabDhcp(at, this.#servers.length + 1, options, this.fabric);
        this.#servers.push(server);
        return server;
      },
    );
  }

  /** A master with a DHCP server, so many slaves, and a host at each. */
  star(slaves: number, options: StarOptions = {}): Star {
    return star(this, slaves, options);
  }

  /** So many switches in a ring with a spanning tree, and a host at each. */
  ring(size: number, options: TopologyOptions = {}): Topology {
    return ring(this, size, options);
  }

  /** A tree of switches with hosts at its leaves. */
  tree(options: TreeOptions): Topology {
    return tree(this, options);
  }

  /** Links two nodes, or two ports of a switch. Throws EtherloomError('busy') when a station is linked already: it has one plug. */
  link(a: Node, b: Node, options: NewLink = {}): Link {
    this.#checkOurs(a, b);
    return this.fabric.act(
      () => formatLine('link', a.name, b.name, formatWords(options)),
      () => {
        const link = new Link(this.#freeName(a, b), plugsOf(a, b), options, this.fabric);
        this.#links.set(link.name, link);
        this.fabric.grew(this.#nodes.size, this.#links.size);
        // Nobody has a carrier before both are there.
        const unready = link.cut();
        const [here, there] = link.ends;
        plugIn(a, here, membershipOf(a, b, options));
        plugIn(b, there, membershipOf(b, a, options));
        unready[Symbol.dispose]();
        return link;
      },
    );
  }

  /**
   * Until disposed, cuts every link between nodes of two groups. Nodes that are in no group are one group of their own. With `silent`
   * nobody notices: all carriers stay.
   */
  partition(groups: readonly (readonly Node[])[], { silent = false }: { readonly silent?: boolean } = {}): Disposable {
    this.#checkOurs(...groups.flat());
    const groupOf = (node: unknown): number => groups.findIndex((group) => group.some((one) => one === node));
    return this.fabric.fault(
      () => formatLine(silent ? 'partition-silently' : 'partition', ...groups.map((group) => formatNames(group))),
      () => {
        const between = this.links.filter(({ ends: [a, b] }) => groupOf(a.owner) !== groupOf(b.owner));
        const cuts = between.map((link) => (silent ? link.silence() : link.cut()));
        return {
          [Symbol.dispose]: () => {
            for (const cut of cuts) cut[Symbol.dispose]();
          },
        };
      },
    );
  }

  /** Takes a node away, with its links. */
  remove(node: Node): void {
    this.fabric.act(
      () => `remove ${node.name}`,
      () => {
        for (const link of this.links) if (link.ends.some(({ owner }) => owner === node)) this.unlink(link);
        node[Symbol.dispose]();
        this.#nodes.delete(node.name);
      },
    );
  }

  /** Unplugs a link for good. */
  unlink(link: Link): void {
    this.fabric.act(
      () => `unlink ${link.name}`,
      () => {
        link[Symbol.dispose]();
        this.#links.delete(link.name);
      },
    );
  }

  /** Lets so much time pass. */
  async run(span: Span): Promise<void> {
    await this.fabric.pass(this.now + millisecondsOf(span));
  }

  /**
   * Lets time pass until something is so; it is looked at after everything that happens. Throws EtherloomError('timed-out') when that
   * takes longer than `patience`, ten minutes by default.
   */
  async runUntil(isSo: () => boolean, patience: Span = defaultPatience): Promise<void> {
    if (await this.fabric.pass(this.now + millisecondsOf(patience), isSo)) return;
    throw new EtherloomError('timed-out', `the condition did not become true within ${millisecondsOf(patience) / 1000} s; wait longer`);
  }

  /** Lets time pass until no frame is on any link. Timers that run, such as those of a spanning tree, do not count. */
  async quiesce(patience: Span = defaultPatience): Promise<void> {
    await this.runUntil(() => this.fabric.quiet, patience);
  }

  [Symbol.dispose](): void {
    this.fabric.close();
    for (const node of this.nodes) node[Symbol.dispose]();
  }

  #nodeOf<T extends Node>(name: string, kind: abstract new (...args: never[]) => T, what: string): T {
    const node = this.node(name);
    if (node instanceof kind) return node;
    throw wrong(`${name} is not ${what}; name one`);
  }

  #place<T extends LabStation>(station: T, at: LabSwitch | undefined, { vlan, ...link }: StationLink): T {
    this.#add(station);
    try {
      if (at) this.link(station, at, vlan === undefined ? link : { ...link, untagged: vlan });
    } catch (error) {
      this.remove(station);
      throw error;
    }
    return station;
  }

  #add<T extends Node>(node: T): T {
    checkName(node.name);
    if (this.#nodes.has(node.name)) throw wrong(`the name ${node.name} is in use in this network; choose another one`);
    this.#nodes.set(node.name, node);
    return node;
  }

  /** Who is of another network has a time of his own. */
  #checkOurs(...nodes: readonly Node[]): void {
    const stranger = nodes.find((node) => this.#nodes.get(node.name) !== node);
    if (stranger) throw wrong(`${stranger.name} is not part of this network, or was removed; pass a node that this network made`);
  }

  #outages(): string[] {
    const crashed = this.switches.filter(({ running }) => !running);
    const cut = this.links.filter(({ up, ends }) => !up && !ends.some(({ owner }) => crashed.some((one) => one === owner)));
    return [...crashed, ...cut].map(({ name }) => name);
  }

  #explain(port: string, frame: Uint8Array): string | undefined {
    const [name = '', number] = port.split('.');
    const node = this.#nodes.get(name);
    return node instanceof LabSwitch ? node.explain(Number(number), frame) : undefined;
  }

  #freeName(a: Node, b: Node): string {
    let name = `${a.name}-${b.name}`;
    for (let n = 2; this.#links.has(name); n++) name = `${a.name}-${b.name}#${n}`;
    return name;
  }
}

function wrong(message: string): EtherloomError {
  return new EtherloomError('bad-option', message);
}
