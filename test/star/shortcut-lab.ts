import { nextTurn, type Timer } from '../../src/clock.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import type { Random } from '../../src/random.ts';
import { macOfId, type NodeId } from '../../src/star/identity.ts';
import { memberPolicy } from '../../src/star/member-policy.ts';
import type { ShortcutDial, ShortcutLink } from '../../src/star/shortcut-context.ts';
import { ShortcutEngine } from '../../src/star/shortcut-engine.ts';
import { Switch } from '../../src/switch/switch.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { GroupLab, masterPin, type LabSlave } from './group-lab.ts';
import { NetNode, Pipe, type SwitchKind } from './shortcut-net.ts';
import { LabStation, LabTraffic } from './shortcut-traffic.ts';

/** The parts that may have a fault, and the size of the lab. */
export interface LabParts {
  readonly slaves?: number;
  readonly Switch?: SwitchKind;
  readonly ShortcutEngine?: typeof ShortcutEngine;
  /** Adds a common link between two slaves: a loop. */
  readonly plantLoop?: boolean;
  /** False for broadcasts alone. Default: true. */
  readonly flows?: boolean;
}

/** A station may be lost so long after it moved: 3 s in which databases hold it, and a second until it speaks. */
const moveBound = 5500;
/** The time after a join in which all stations speak. */
const joinBound = 2500;

/** The most slaves. */
const mostSites = 6;

/** The port of the uplink at a slave. */
const uplink = 1;

const plan = { ownerOf: () => undefined, serverAddress: ipv4FromNumber(0x0a4d0001) };
const trusted = { dhcp: new Set<NodeId>(), open: new Set<NodeId>() };

/** A slave with its switch. */
export class Site {
  readonly slave: LabSlave;
  readonly node: NetNode;
  readonly engine: ShortcutEngine;
  id: NodeId | undefined;
  isReachable = true;
  /** The time at which it was cut from its master. */
  cutAt = 0;
  /** The time since which it has not been joined. */
  lostAt: number | undefined = 0;
  /** The time since which it is joined. */
  joinedAt: number | undefined;
  kickedAt: number | undefined;
  /** True for a hostile member that goes on after its kick. */
  staysDeaf = false;
  /** Called once it has joined. */
  settle: (() => void) | undefined;
  readonly up: Pipe;
  readonly down: Pipe;
  nextPort = 100;

  constructor(lab: ShortcutLab, number: number, slave: LabSlave, parts: LabParts) {
    this.slave = slave;
    const { time, random } = lab;
    this.node = new NetNode(`S${number}`, parts.Switch ?? Switch, time, lab.watch);
    this.node.bridge.addPort(uplink, { trunk: true, up: false });
    this.up = new Pipe(time, random, 2 + (random.uint32() % 30));
    this.down = new Pipe(time, random, 2 + (random.uint32() % 30));
    this.engine = new (parts.ShortcutEngine ?? ShortcutEngine)({
      clock: time,
      random,
      bridge: this.node.bridge.shortcuts,
      dial: (target, events) => lab.dial(this, target, events),
      send: (message) => slave.engine?.tellShortcuts(message),
      endCalls: () => undefined,
      addresses: () => [`lan-${number}:1`],
    });
  }

  get isJoined(): boolean {
    return this.lostAt === undefined;
  }
}

/** A connection between two sites. */
interface LabShortcut {
  readonly sites: readonly [Site, Site];
  readonly pipes: readonly [Pipe, Pipe];
}

/** A star whose slaves take shortcuts, in virtual time, on the production code of the switch and of the star. */
export class ShortcutLab {
  readonly group: GroupLab;
  readonly random: Random;
  readonly traffic: LabTraffic;
  readonly master: NetNode;
  readonly sites: Site[] = [];
  readonly stations: LabStation[] = [];
  readonly shortcuts = new Set<LabShortcut>();
  /** The pairs of sites between which no path is. */
  readonly noPath = new Set<string>();
  opened = 0;
  /** The events, for the reader of a fault. */
  readonly story: string[] = [];
  readonly #parts: LabParts;
  #token: Parameters<GroupLab['slave']>[0]['token'];

  constructor(seed: number, parts: LabParts = {}) {
    this.#parts = parts;
    this.group = new GroupLab(seed);
    this.random = seededRandom(seed, 'shortcuts');
    this.traffic = new LabTraffic(this.time);
    this.traffic.isExcused = ({ from, to }) => !this.#isSettled(from) || !this.#isSettled(to);
    this.master = new NetNode('M', parts.Switch ?? Switch, this.time, this.watch);
  }

  get time(): GroupLab['time'] {
    return this.group.time;
  }

  readonly watch = (node: NetNode, port: number, frame: Uint8Array, ingress: number): void => {
    this.traffic.watch(node, port, frame);
    const isPassedOn = ingress !== port && node.bridge.port(ingress)?.vlans.shortcut === true;
    if (isPassedOn && (port === uplink || node.bridge.port(port)?.vlans.shortcut))
      this.traffic.fault('a frame from a shortcut left by no local port');
    if (node.bridge.port(port)?.vlans.shortcut) this.#checkKicked(node, port);
  };

  /** Starts the master and the slaves, each with two stations, one of which may move; and flows between them. */
  async begin(): Promise<void> {
    const { group } = this;
    group.master.whereIs = ({ vid, mac }) => this.sites[(this.master.bridge.station(vid, mac)?.port ?? 0) - 1]?.id;
    group.master.reaches = (number) => this.sites[number - 1]?.isReachable === true;
    group.master.expel = (key) => {
      const site = this.sites.find(({ slave }) => slave.disk.current === key);
      if (site) this.#setUplink(site, false);
    };
    void group.master.start();
    await this.run(30);
    const made = group.master.engine?.newToken({ uses: 100 });
    await this.run(30);
    const token = (await made)?.token;
    this.#token = token;
    for (let number = 1; number <= (this.#parts.slaves ?? 4); number++) this.#addSite();
    await this.run(2000);
    this.#people(this.sites);
    if (this.#parts.plantLoop) this.#plantLoop();
  }

  /** Adds a slave, which joins. Its stations then talk to others, as those of the others do to them. */
  join(): void {
    this.#note('a slave joins');
    const site = this.#addSite();
    site.settle = () => this.#people([site]);
  }

  /** Lets so much time go by; ends early once a fault was found. */
  async run(milliseconds: number): Promise<void> {
    const end = this.time.now + milliseconds;
    await nextTurn();
    while (this.time.now < end && this.traffic.faults.length === 0) {
      this.time.advance(Math.min(end, this.time.now + 2));
      await nextTurn();
    }
  }

  #note(text: string): void {
    this.story.push(`${Math.round(this.time.now)} ms: ${text}`);
  }

  /** Does something at random. */
  disturb(): void {
    const { random } = this;
    const site = this.sites[random.uint32() % this.sites.length];
    const other =
      this.sites[(this.sites.findIndex((one) => one === site) + 1 + (random.uint32() % (this.sites.length - 1))) % this.sites.length];
    if (!site || !other) return;
    const kind = random.uint32() % 100;
    if (kind < 15) this.hiccup(site);
    else if (kind < 45) this.move(this.stations[1 + 2 * (random.uint32() % this.sites.length)], other);
    else if (kind < 75) this.cutPath(site, other, random.uint32() % 2 === 0, 500 + (random.uint32() % 6000));
    else if (kind < 90) this.cutMaster(site, random.uint32() % 2 === 0, 500 + (random.uint32() % 14_000));
    else if (kind < 95) {
      if (this.sites.length < mostSites) this.join();
    } else if (!this.sites.some(({ kickedAt }) => kickedAt !== undefined)) void this.kick(site);
  }

  /** Moves a station to another site; at the old one its port goes down, or not. */
  move(station: LabStation | undefined, to: Site): void {
    const { traffic, random, time } = this;
    if (!station?.at || station.at.node === to.node) return;
    const { node, port } = station.at;
    this.#note(`${station.mac.toString(16)} moves from ${node.name} to ${to.node.name}`);
    station.at = undefined;
    node.out.delete(port);
    if (random.uint32() % 2 === 0) node.remove(port);
    // Longer than its frames may be held or under way: no network keeps the order of a station that is faster than its frames.
    const rest = 650 + (random.uint32() % 800);
    time.after(rest, () => {
      this.#place(station, to);
      if (random.uint32() % 2 === 0) traffic.broadcast(station);
    });
  }

  /** Cuts the path between two sites for a while: connections end, or bring nothing more. */
  cutPath(a: Site, b: Site, isSilent: boolean, duration: number): void {
    const pair = pairOf(a, b);
    this.#note(`no path ${pair} for ${duration} ms${isSilent ? ', silently' : ''}`);
    this.noPath.add(pair);
    this.time.after(duration, () => this.noPath.delete(pair));
    for (const shortcut of [...this.shortcuts]) {
      if (!shortcut.sites.includes(a) || !shortcut.sites.includes(b)) continue;
      for (const pipe of shortcut.pipes) pipe.isCut = true;
      // Both sides find out by themselves.
      if (!isSilent) for (const site of shortcut.sites) site.node.bridge.shortcuts.lost.emit(this.#portOf(shortcut, site));
    }
  }

  /** The frames of a site by its shortcuts are late, and it gives some shortcuts up meanwhile: their far ends still receive the frames under way. */
  hiccup(site: Site): void {
    this.#note(`${site.node.name} has a hiccup`);
    for (const shortcut of this.shortcuts) {
      const side = shortcut.sites.indexOf(site);
      if (side < 0 || this.#portOf(shortcut, site) < 0) continue;
      shortcut.pipes[side === 0 ? 0 : 1].stall(400);
      if (this.random.uint32() % 2 === 0) this.time.after(200, () => site.node.bridge.shortcuts.lost.emit(this.#portOf(shortcut, site)));
    }
  }

  /** Cuts a site from its master for a while. */
  cutMaster(site: Site, isSilent: boolean, duration: number): void {
    if (!site.isReachable || site.kickedAt !== undefined) return;
    this.#note(`no master for ${site.node.name} for ${duration} ms${isSilent ? ', silently' : ''}`);
    site.isReachable = false;
    site.cutAt = this.time.now;
    site.up.isCut = site.down.isCut = true;
    for (const wire of site.slave.process.wires)
      if (isSilent) wire.mute();
      else wire.end('cut');
    this.time.after(duration, () => (site.isReachable = true));
  }

  async kick(site: Site): Promise<void> {
    if (site.id === undefined || !site.isJoined) return;
    for (const station of this.stations) if (this.#isAt(station, site)) station.at = undefined;
    this.#note(`${site.node.name} is kicked`);
    await this.group.master.kick(site.id);
    site.kickedAt = this.time.now;
  }

  readonly dial = (site: Site, target: Parameters<ShortcutDial>[0], events: Parameters<ShortcutDial>[1]): Disposable => {
    const { time } = this;
    let link: ShortcutLink | undefined;
    let timer: Timer = time.after(10, () => {
      const far = this.sites.find(({ slave }) => slave.disk.current === target.key);
      if (!far || this.noPath.has(pairOf(site, far))) {
        timer = time.after(2000, () => events.closed('no path'));
        return;
      }
      const verdict = far.engine.admit(site.slave.disk.current);
      if (verdict.admit) link = this.#connect(site, far, events);
      else events.closed(verdict.reason);
    });
    return {
      [Symbol.dispose]: () => {
        timer[Symbol.dispose]();
        link?.end('dropped');
      },
    };
  };

  #connect(near: Site, far: Site, events: Parameters<ShortcutDial>[1]): ShortcutLink {
    const { time, random } = this;
    this.opened += 1;
    const pipes = [new Pipe(time, random, 1 + (random.uint32() % 50)), new Pipe(time, random, 1 + (random.uint32() % 50))] as const;
    const shortcut: LabShortcut = { sites: [near, far], pipes };
    this.shortcuts.add(shortcut);
    let closed: (reason: string) => void = () => undefined;
    const ends = [
      this.#end(
        near,
        far,
        pipes[0],
        () => ends[1]?.hangUp('ended'),
        (reason) => events.closed(reason),
      ),
      this.#end(
        far,
        near,
        pipes[1],
        () => ends[0]?.hangUp('ended'),
        (reason) => closed(reason),
      ),
    ];
    const [a, b] = ends;
    if (!a || !b) throw new Error('there are two ends');
    a.attach((frame) => b.receive(frame));
    b.attach((frame) => a.receive(frame));
    this.#ports.set(
      shortcut,
      new Map([
        [near, a.link.port],
        [far, b.link.port],
      ]),
    );
    closed = far.engine.accept(near.slave.disk.current, b.link) ?? closed;
    pipes[1].send(() => {
      if (a.isOpen()) events.opened(a.link);
    });
    return a.link;
  }

  /** Returns whether a station has been at a site that is joined for so long that it must be reached. */
  #isSettled({ at, movedAt }: LabStation): boolean {
    const site = this.sites.find(({ node }) => node === at?.node);
    const { now } = this.time;
    return (
      site !== undefined && site.isReachable && !site.up.isCut && now - movedAt > moveBound && now - (site.joinedAt ?? now) > joinBound
    );
  }

  readonly #ports = new Map<LabShortcut, Map<Site, number>>();

  #portOf(shortcut: LabShortcut, site: Site): number {
    return this.#ports.get(shortcut)?.get(site) ?? -1;
  }

  /** One side of a connection. */
  #end(
    site: Site,
    peer: Site,
    pipe: Pipe,
    hangUpFar: () => void,
    closed: (reason: string) => void,
  ): {
    readonly link: ShortcutLink;
    readonly isOpen: () => boolean;
    readonly attach: (carry: (frame: Uint8Array) => void) => void;
    readonly receive: (frame: Uint8Array) => void;
    readonly hangUp: (reason: string) => void;
  } {
    const { node } = site;
    const port = site.nextPort++;
    let isOpen = true;
    node.bridge.addPort(port, { shortcut: true });
    node.bridge.guard(port, memberPolicy(peer.id ?? 0, plan, trusted));
    const end = (): void => {
      isOpen = false;
      node.remove(port);
    };
    return {
      link: {
        port,
        end: () => {
          if (!isOpen) return;
          end();
          pipe.send(hangUpFar);
        },
      },
      isOpen: () => isOpen,
      attach: (carry) => void node.out.set(port, (frame) => pipe.send(() => carry(frame))),
      receive: (frame) => {
        if (isOpen) node.receive(port, frame);
      },
      hangUp: (reason) => {
        if (!isOpen) return;
        end();
        closed(reason);
      },
    };
  }

  /** Gives sites their stations, and flows between these and all others. */
  #people(sites: readonly Site[]): void {
    const { random, traffic } = this;
    const before = { stations: this.stations.length, flows: traffic.flows.length };
    for (const site of sites) {
      this.#place(this.#station(macOfId(site.id ?? 0)), site);
      this.#place(this.#station(macFromNumber(0x0200_0000_0000 + this.stations.length)), site);
    }
    const added = new Set(this.stations.slice(before.stations));
    for (const from of this.stations)
      for (const to of this.stations)
        if (this.#parts.flows !== false && from !== to && (added.has(from) || added.has(to)) && random.uint32() % 3 === 0)
          traffic.add(from, to);
    for (const flow of traffic.flows.slice(before.flows)) this.#repeat(5 + (random.uint32() % 60), () => traffic.send(flow));
    for (const station of added) this.#repeat(700 + (random.uint32() % 300), () => traffic.broadcast(station));
  }

  #addSite(): Site {
    const number = this.sites.length + 1;
    const slave = this.group.slave({ pin: masterPin, addresses: ['master:7378'], token: this.#token });
    const site = new Site(this, number, slave, this.#parts);
    this.sites.push(site);
    const { node } = site;
    site.engine.events.subscribe((event) => this.#note(`${node.name} ${JSON.stringify(event)}`));
    this.master.bridge.addPort(number, { trunk: true, up: false });
    node.out.set(uplink, (frame) => site.up.send(() => this.master.receive(number, frame)));
    this.master.out.set(number, (frame) => site.down.send(() => node.receive(uplink, frame)));
    slave.follow = (event) => {
      if (event.type !== 'shortcut') this.#note(`${node.name} ${event.type}`);
      if (event.type === 'joined') {
        const { id } = event.welcome;
        if (site.id === undefined) this.master.bridge.guard(number, memberPolicy(id, plan, trusted));
        site.id = id;
        site.lostAt = undefined;
        site.joinedAt = this.time.now;
        this.#setUplink(site, true);
        node.bridge.shortcuts.begin(id, uplink);
        site.settle?.();
        site.settle = undefined;
      } else if (event.type === 'lost' || event.type === 'kicked' || event.type === 'refused') {
        site.lostAt ??= this.time.now;
        site.joinedAt = undefined;
        this.#setUplink(site, false);
      }
      if (!site.staysDeaf) site.engine.follow(event);
    };
    slave.heard = () => site.engine.heard();
    // A hostile member goes on without signs of the master, too.
    this.#repeat(500, () => site.staysDeaf && site.engine.heard());
    slave.start();
    return site;
  }

  #setUplink(site: Site, isUp: boolean): void {
    const number = this.sites.indexOf(site) + 1;
    site.up.isCut = site.down.isCut = !isUp;
    site.node.bridge.setCarrier(uplink, isUp);
    this.master.bridge.setCarrier(number, isUp);
  }

  #station(mac: ReturnType<typeof macOfId>): LabStation {
    const station = new LabStation(mac);
    this.stations.push(station);
    return station;
  }

  #place(station: LabStation, site: Site): void {
    if (site.kickedAt !== undefined) return;
    const port = site.nextPort++;
    site.node.bridge.addPort(port);
    site.node.out.set(port, (frame) => this.traffic.receive(station, frame));
    station.at = { node: site.node, port };
    station.movedAt = this.time.now;
  }

  #isAt(station: LabStation, site: Site): boolean {
    return station.at?.node === site.node;
  }

  #repeat(interval: number, run: () => void): void {
    this.time.after(interval, () => {
      run();
      this.#repeat(interval, run);
    });
  }

  #plantLoop(): void {
    const [a, b] = this.sites;
    if (!a || !b) return;
    const pipes = [new Pipe(this.time, this.random, 3), new Pipe(this.time, this.random, 3)] as const;
    for (const [at, { node }] of [a, b].entries()) {
      node.bridge.addPort(99, { trunk: true });
      const far = at === 0 ? b : a;
      node.out.set(99, (frame) => pipes[at === 0 ? 0 : 1].send(() => far.node.receive(99, frame)));
    }
  }

  /** A slave that hears its master sends nothing to a kicked member; one that does not, only for 10 s. */
  #checkKicked(node: NetNode, port: number): void {
    const site = this.sites.find((one) => one.node === node);
    const [shortcut] = [...this.shortcuts].filter((one) => site && this.#portOf(one, site) === port);
    const far = shortcut?.sites.find((one) => one !== site);
    if (!site || far?.kickedAt === undefined) return;
    const { now } = this.time;
    const limit = Math.max(far.kickedAt + 50, site.isJoined && site.isReachable ? 0 : site.cutAt + 10_000);
    if (now > limit) this.traffic.fault(`${node.name} sends to ${far.node.name}, which was kicked`);
  }
}

function pairOf(a: Site, b: Site): string {
  return [a.node.name, b.node.name].sort().join(' ');
}
