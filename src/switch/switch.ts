import { assert } from '../errors.ts';
import { Feed } from '../feed.ts';
import { isTagged, removeTag, type Vid } from '../wire/dot1q.ts';
import type { MacAddress } from '../wire/mac.ts';
import { EgressStage } from './egress-stage.ts';
import { explainFrame } from './explain.ts';
import type { Explanation } from './explanation.ts';
import { Fdb, type FdbEntry } from '../stations/fdb.ts';
import { Fstp } from './fstp.ts';
import { repeatTo } from './hub.ts';
import { Learning } from './learning.ts';
import type { SenderPolicy } from './sender-policy.ts';
import { SenderRules } from './sender-rules.ts';
import { Shortcuts } from './shortcuts.ts';
import { RecentMap } from '../recent-map.ts';
import { BridgePort, type DropReason, type PortNumber, type SwitchPort } from './switch-port.ts';
import type { NewPort, StationChange, SwitchOptions } from './switch-options.ts';
import { VlanRegistry } from './vlan-registry.ts';
import { PortVlans, type VlanMembership } from './vlan.ts';
import { Ways } from './ways.ts';

export * from './exports.ts';

/**
 * A VLAN-aware bridge without I/O: frames enter by `receive` and leave by `transmit`. A frame goes through these stages, in order: [IEEE 802.1Q]
 *
 *     ingress     is it whole, is the port up, in which VLAN is it, is the port in that, may it enter      8.6.2
 *     filtering   behind which port is its destination; all members, when it is a group or not known       8.6.3, 8.6.4
 *     learning    its source is behind the ingress                                                         8.7
 *     egress      it keeps, gains or loses its tag, by the port; each shape is made once at most           6.9.2
 *
 * A spanning tree takes its frames before the ingress stage, and decides which ports forward in it and in the flood lists.
 */
export class Switch {
  /** The VLANs and their members. */
  readonly vlans: VlanRegistry;
  /** The rules for frames of stations: at first, only the option `admit`. */
  readonly senders: SenderRules;
  /** The spanning trees. They are off at first. */
  readonly fstp: Fstp;
  /** The shortcuts past the uplink. There are none at first. */
  readonly shortcuts: Shortcuts;
  /** The stations that become known or are forgotten; not those that move. */
  readonly stationChanges = new Feed<StationChange>();
  readonly #options: SwitchOptions;
  readonly #ports = new RecentMap<PortNumber, BridgePort>();
  readonly #ways = new Ways(this.#ports);
  readonly #egress: EgressStage;
  readonly #fdb: Fdb<BridgePort>;
  readonly #learning: Learning;
  #strays = 0;
  #hub = false;

  constructor(options: SwitchOptions) {
    this.#options = options;
    this.senders = new SenderRules(options);
    this.#egress = new EgressStage(options.transmit);
    this.#fdb = new Fdb(options.clock, options, ({ sticky }) => sticky);
    this.#fdb.changed = (known, vid, mac, port) => {
      this.#ways.forgetLast();
      this.stationChanges.emit({ known, vid, mac, port: port.number });
    };
    this.#learning = new Learning(this.#fdb, options.moved);
    this.vlans = new VlanRegistry(
      this.#ports,
      (port, membership) => this.setVlans(port, membership),
      (vid) => this.fstp.forget(vid),
    );
    this.fstp = new Fstp(this.#ports, options, {
      send: (port, frame) => this.#egress.send(port, frame, port.number),
      blocked: (port, vid) => this.#fdb.flush(port, port.vlans.trunk ? undefined : vid),
      changed: () => this.#ways.forget(),
      flush: (vid) => this.#learning.forgetTree(vid, this.#ports.values()),
      possible: () => !this.#hub,
    });
    this.shortcuts = new Shortcuts(options, {
      fdb: this.#fdb,
      senders: this.senders,
      ways: this.#ways,
      port: (port) => this.#portAt(port),
      egress: this.#egress,
    });
  }

  /** Reads the clock. The time of the last call counts for all frames received. */
  beginBreath(): void {
    this.#ways.forgetLast();
    this.#fdb.beginBreath();
  }

  /** Handles a frame received by a port. It is borrowed for the call; a port that sends it unchanged may keep it until the breath ends. */
  receive(port: PortNumber, frame: Uint8Array): void {
    const ingress = this.#ports.get(port);
    if (ingress === undefined) {
      this.#strays += 1;
      return;
    }
    ingress.counters.receivedFrames += 1;
    ingress.counters.receivedOctets += frame.length;
    const again = this.#ways.again(ingress, frame);
    if (again !== undefined) {
      const breach = ingress.guard?.packetBreach(frame);
      if (breach === undefined) this.#egress.send(again, frame, port);
      else ingress.counters.drops[breach] += 1;
      return;
    }
    this.#ways.forgetLast();
    if (this.#hub) this.#repeat(ingress, frame);
    else if (ingress.vlans.shortcut) this.#receiveByShortcut(ingress, frame);
    else if (this.fstp.takes(ingress, frame)) this.#drop(ingress, this.fstp.receive(ingress, frame), frame);
    else this.#receiveFromStation(ingress, frame);
  }

  /** Returns the decision about a frame and its reason; undefined if there is no such port. Learns, sends and counts nothing. */
  explain(port: PortNumber, frame: Uint8Array): Explanation | undefined {
    const ingress = this.#ports.get(port);
    if (ingress === undefined) return undefined;
    this.beginBreath();
    const { fstp, senders, shortcuts } = this;
    const own = { hub: this.#hub, ports: this.#ports, learning: this.#learning, ways: this.#ways };
    return explainFrame({ ...own, fstp, senders, shortcuts }, ingress, frame);
  }

  /** Adds a port under a free number. */
  addPort(port: PortNumber, { up = true, edge = false, ...membership }: NewPort = {}): void {
    assert(!this.#ports.has(port), `switch port ${port} is added once`);
    const added = new BridgePort(port, membership, up, edge);
    this.#ports.set(port, added);
    this.vlans.note(added.vlans);
    this.#ways.forget();
    for (const vid of added.vlans) this.fstp.join(added, vid);
    if (up) this.#options.portChanged?.(port, true);
  }

  /** Removes a port, and forgets the stations behind it. */
  removePort(port: PortNumber): void {
    this.setCarrier(port, false);
    this.#ports.delete(port);
    this.#ways.forget();
  }

  /** Sets whether the other side of a port is connected. A port that is down is sent nothing; the stations behind it are forgotten. */
  setCarrier(port: PortNumber, up: boolean): void {
    const changed = this.#portAt(port);
    if (changed.up === up) return;
    changed.up = up;
    if (!up) this.#fdb.flush(changed);
    this.#ways.forget();
    if (!up) this.shortcuts.end(changed);
    for (const vid of changed.vlans)
      if (up) this.fstp.join(changed, vid);
      else this.fstp.leave(changed, vid);
    this.#options.portChanged?.(port, up);
  }

  /** Changes the VLANs of a port. Its stations in VLANs that it leaves are forgotten. A shortcut stays one, without VLANs. */
  setVlans(port: PortNumber, membership: VlanMembership): void {
    const changed = this.#portAt(port);
    const before = changed.vlans;
    if (before.shortcut) return;
    changed.vlans = new PortVlans(membership);
    this.vlans.note(changed.vlans);
    this.#ways.forget();
    if (before.trunk && !changed.vlans.trunk) this.#fdb.flush(changed);
    for (const vid of before) {
      if (changed.vlans.lists(vid)) continue;
      this.#fdb.flush(changed, vid);
      this.fstp.leave(changed, vid);
    }
    for (const vid of changed.vlans) if (!before.lists(vid)) this.fstp.join(changed, vid);
  }

  /**
   * True for a hub: every frame goes unchanged to all other ports that are up, except port 0. A hub ignores VLANs, learns nothing, and has
   * no spanning tree. By default false. May be changed at any time; all stations are then forgotten.
   */
  get hub(): boolean {
    return this.#hub;
  }

  set hub(hub: boolean) {
    if (hub === this.#hub) return;
    this.#hub = hub;
    this.#ways.forgetLast();
    if (hub) this.fstp.enabled = false;
    this.#fdb.clear();
  }

  /** Returns the port with that number, a live view; undefined if there is none. */
  port(port: PortNumber): SwitchPort | undefined {
    return this.#ports.get(port);
  }

  /** Returns all ports, in the order in which they were added. */
  ports(): Iterable<SwitchPort> {
    return this.#ports.values();
  }

  /** Returns the entry of a station; undefined if it is not known. */
  station(vid: Vid, mac: MacAddress): FdbEntry<PortNumber> | undefined {
    const entry = this.#fdb.find(vid, mac);
    return entry && { ...entry, port: entry.port.number };
  }

  /** Returns the stations that are known: port by port, the longest silent first. */
  *entries(): Generator<FdbEntry<PortNumber>> {
    for (const entry of this.#fdb.entries()) yield { ...entry, port: entry.port.number };
  }

  /** Makes a port listen only, or undoes that. The stations behind a quiet port are forgotten. */
  setQuiet(port: PortNumber, quiet: boolean): void {
    this.#portAt(port).quiet = quiet;
    this.#ways.forget();
    if (quiet) this.#fdb.flush(this.#portAt(port));
  }

  /** Guards a port: frames from it must keep the rules of `sender-table.ts` under that policy, until the result is disposed. */
  guard(port: PortNumber, policy: SenderPolicy): Disposable {
    this.#ways.forgetLast();
    return this.senders.guard(this.#portAt(port), policy);
  }

  /** Forgets all stations. */
  flush(): void {
    this.#fdb.clear();
  }

  /** The filtering database: the times for which stations are remembered, which may be changed; the number of stations; and its limit. */
  get database(): Pick<Fdb<unknown>, 'ageingTime' | 'minPersistence' | 'size' | 'maxEntries'> {
    return this.#fdb;
  }

  /** The number of frames received for ports that do not exist. */
  get strays(): number {
    return this.#strays;
  }

  /** Ends the ageing of stations, the hellos and the shortcuts. */
  [Symbol.dispose](): void {
    this.shortcuts[Symbol.dispose]();
    this.fstp[Symbol.dispose]();
    this.#fdb[Symbol.dispose]();
  }

  #portAt(port: PortNumber): BridgePort {
    const known = this.#ports.get(port);
    assert(known, `switch port ${port} is there`);
    return known;
  }

  #receiveFromStation(ingress: BridgePort, frame: Uint8Array): void {
    const vid = this.senders.enter(ingress, frame);
    if (typeof vid === 'string') {
      this.#drop(ingress, vid, frame);
      return;
    }
    // The destination is sought before the source is learned, so that `explain`, which does not learn, cannot differ.
    const found = this.#learning.destination(ingress, vid, frame);
    const destination = this.shortcuts.uplink === undefined ? found : this.shortcuts.route(ingress, vid, frame, found);
    if (destination === 'kept') this.#learning.learn(ingress, vid, frame);
    else this.#forward(ingress, vid, frame, destination, ingress);
  }

  #receiveByShortcut(ingress: BridgePort, frame: Uint8Array): void {
    const vid = this.shortcuts.enter(ingress, frame);
    if (typeof vid === 'string') this.#drop(ingress, vid, frame);
    else if (vid !== undefined) this.#forward(ingress, vid, frame, this.#learning.destination(ingress, vid, frame), this.shortcuts.home);
  }

  /** Sends a frame to its destination, or floods it if that is undefined. Its source is learned at `home`, if there is one. */
  #forward(ingress: BridgePort, vid: Vid, frame: Uint8Array, destination: BridgePort | undefined, home: BridgePort | undefined): void {
    const isFlooding = destination === undefined && ingress.guard?.flood(frame) === false;
    const egress = isFlooding ? 'flooding' : this.#ways.of(ingress, vid, destination, frame);
    let untagged = isTagged(frame) ? undefined : frame;
    const learned = home === undefined ? 'known' : this.#learning.learn(home, vid, frame);
    if (learned === 'observed') this.#options.observe?.(ingress.number, vid, (untagged ??= removeTag(frame)));
    else if (learned === 'known' && untagged !== undefined && egress === destination?.untaggedEgress && !this.senders.concern(frame))
      this.#ways.note(ingress, frame, destination);
    this.#egress.leave(ingress, vid, frame, egress, untagged);
  }

  #drop(ingress: BridgePort, reason: DropReason | undefined, frame: Uint8Array): void {
    if (reason === undefined) return;
    ingress.counters.drops[reason] += 1;
    if (reason === 'forged-arp') this.senders.showForged(ingress, frame);
  }

  #repeat(ingress: BridgePort, frame: Uint8Array): void {
    const egress = repeatTo(this.#ports.values(), ingress, frame, this.senders);
    if (typeof egress === 'string') ingress.counters.drops[egress] += 1;
    else for (const port of egress) this.#egress.send(port, frame, ingress.number);
  }
}
