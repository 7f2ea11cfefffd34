import { EtherloomError } from '../errors.ts';
import { Plane, type Seat } from '../plane/plane.ts';
import { isStation, type Speak, type StationOptions } from '../plane/stations.ts';
import type { Port, PortNumber } from '../ports/pure/port.ts';
import { formatExplanation, type FstpChange, type NewPort, type Switch } from '../switch/switch.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Fabric } from './fabric.ts';
import { Crashes } from './crashes.ts';
import type { LabSwitchOptions } from './lab-switch-options.ts';
import { LinkEnd } from './link-end.ts';
import { readMacText } from './names.ts';
import type { Vid } from '../wire/dot1q.ts';
import { checkCount, checkNumber, vlanOf } from './numbers.ts';
import { formatSkew, SkewedClock, type Skew } from './skewed-clock.ts';
import { uncaused } from './trace.ts';

/** A station inside a switch, such as its DHCP server. It lives from a start of the switch to its crash. */
export interface Resident extends Disposable, Omit<StationOptions, 'vlans'> {
  /** Called when a port lost its carrier: the next station there is another one. */
  readonly portClosed?: (port: PortNumber) => void;
}

/** Makes a resident when its switch starts; `speak` sends one of its frames. */
export type MoveIn = (speak: Speak) => Resident;

/** A port's place at the switch, which persists while that is down. */
class Place implements Seat {
  readonly port: Port;
  readonly membership: NewPort;
  touched: boolean;
  up = false;
  /** The counts of dropped frames by reason, at the last check. */
  drops: Readonly<Record<string, number>> = {};

  constructor(port: Port, membership: NewPort) {
    this.port = port;
    this.membership = membership;
    // A link sends a frame at once; only ports that lead out of the lab wait for a flush.
    this.touched = port instanceof LinkEnd;
  }

  flush(): void {
    this.port.flush();
  }
}

/** A switch of the lab: the production switch with its ports. It can crash, and start again with its configuration. */
export class LabSwitch implements Disposable {
  readonly name: string;
  readonly mac: MacAddress;
  readonly options: LabSwitchOptions;
  /** Its own time, which may be wrong. */
  readonly clock: SkewedClock;
  /** The last changes of its spanning trees since the beginning, with their times in milliseconds. */
  readonly treeChanges: (FstpChange & { readonly time: number })[] = [];
  readonly #fabric: Fabric;
  readonly #places = new Map<PortNumber, Place>();
  readonly #movesIn: (() => void)[] = [];
  readonly #residents: Resident[] = [];
  #plane: Plane;
  readonly #crashes = new Crashes(
    () => this.#fall(),
    () => this.#restart(),
  );
  #outages: readonly Disposable[] = [];
  #disposed = false;
  #sent = 0;

  constructor(name: string, mac: MacAddress, options: LabSwitchOptions, fabric: Fabric) {
    this.name = name;
    this.mac = options.mac === undefined ? mac : readMacText(options.mac);
    this.options = options;
    checkSwitch(name, options);
    this.#fabric = fabric;
    this.clock = new SkewedClock(fabric.timeline);
    this.#plane = this.#make();
    this.#configure();
  }

  /** The production switch. After a restart it is a new one. */
  get switch(): Switch {
    return this.#plane.switch;
  }

  /** True if it runs, and has not crashed. */
  get running(): boolean {
    return !this.#crashes.any && !this.#disposed;
  }

  /** The ends of links that are plugged in, by their port numbers. */
  get ends(): ReadonlyMap<PortNumber, LinkEnd> {
    return new Map([...this.#places].flatMap(([number, { port }]) => (port instanceof LinkEnd ? [[number, port] as const] : [])));
  }

  /** True if ports without VLAN settings carry all VLANs. */
  get trunk(): boolean {
    return this.options.trunk ?? true;
  }

  /** Throws EtherloomError('bad-option') with the VLANs that it knows, unless all of these are among them. */
  checkVlans(...vlans: readonly number[]): void {
    const known = [0, ...(this.options.vlans ?? [])];
    const unknown = vlans.find((vlan) => !known.includes(vlan));
    if (unknown === undefined) return;
    const why = this.options.hub === true ? 'a hub has no VLANs' : `it knows ${[...new Set(known)].join(', ')}; add it with { vlans }`;
    throw new EtherloomError('bad-option', `${this.name} does not know VLAN ${unknown}: ${why}`);
  }

  /** Returns the lowest number above `after` without a port. */
  freePort(after: PortNumber = 0): PortNumber {
    let number = after + 1;
    while (this.#places.has(number)) number++;
    return number;
  }

  /** Runs `work` as one breath. Nests. */
  readonly breath = (work: () => void): void => this.#plane.breath(work);

  /** Calls `done` at the end of this breath: see BreathLoop.release. */
  readonly release = (done: () => void): void => this.#plane.release(done);

  /** Adds a port at a free number, and receives its frames. */
  plug(port: Port, number: PortNumber = this.freePort(), membership: NewPort = { trunk: this.trunk }): void {
    if (this.#places.has(number)) throw new EtherloomError('busy', `port ${number} of ${this.name} is in use; choose another one`);
    const place = new Place(port, membership);
    this.#places.set(number, place);
    if (this.running) this.switch.addPort(number, { ...membership, up: false });
    port.attach({
      receive: (frame) => this.#receive(number, place, frame),
      carrier: (up) => this.#carrier(number, place, up),
      closed: () => {
        this.#carrier(number, place, false);
        this.#places.delete(number);
        if (this.running) this.switch.removePort(number);
      },
    });
  }

  /** Explains in one line its present decision about a frame from that port; undefined if there is no such port. */
  explain(port: PortNumber, frame: Uint8Array): string | undefined {
    const explanation = this.running ? this.switch.explain(port, frame) : undefined;
    return explanation && formatExplanation(explanation, (number) => (isStation(number) ? 'inside' : `${number}`));
  }

  /** Adds a station inside, to these VLANs only, now and after each restart. */
  house(vlans: readonly Vid[], moveIn: MoveIn): void {
    this.checkVlans(...vlans);
    const again = (): void => this.breath(() => this.#moveIn(vlans, moveIn));
    this.#movesIn.push(again);
    if (this.running) again();
  }

  /**
   * Crashes it: its links lose their carrier, and all that it learned is lost. It starts again when the last of its crashes is disposed.
   */
  crash(): Disposable {
    return this.#fabric.fault(
      () => `crash ${this.name}`,
      () => this.#crashes.begin(),
    );
  }

  /** Makes its clock wrong until disposed. */
  skew(skew: Skew): Disposable {
    return this.#fabric.fault(
      () => `skew ${this.name} ${formatSkew(skew)}`,
      () => this.clock.skew(skew),
    );
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#stop();
  }

  #fall(): void {
    this.#outages = [...this.ends.values()].map(({ link }) => link.cut());
    this.#stop();
  }

  /** Starts again with the same ports and the same configuration. */
  #restart(): void {
    if (this.#disposed) return;
    this.#plane = this.#make();
    this.#configure();
    for (const [number, place] of this.#places) {
      place.drops = {};
      this.switch.addPort(number, { ...place.membership, up: place.up });
    }
    for (const moveIn of this.#movesIn) moveIn();
    for (const outage of this.#outages) outage[Symbol.dispose]();
  }

  #make(): Plane {
    return new Plane({
      ...this.options,
      mac: this.mac,
      clock: this.clock,
      deliver: this.#deliver,
      treeChanged: (change) => this.#note(change),
    });
  }

  #configure(): void {
    const { fstp = false, hub = false, vlans = [] } = this.options;
    for (const one of vlans) this.switch.vlans.create(vlanOf(one));
    this.switch.fstp.enabled = fstp;
    this.switch.hub = hub;
  }

  #stop(): void {
    this.#plane[Symbol.dispose]();
    for (const resident of this.#residents.splice(0)) resident[Symbol.dispose]();
  }

  #moveIn(vlans: readonly Vid[], moveIn: MoveIn): void {
    const receive: Resident['receive'] = (frame, ingress) => {
      this.#sent++;
      resident.receive(frame, ingress);
    };
    const speak = this.#plane.stations.add({ vlans, receive, observe: (...seen) => resident.observe?.(...seen) });
    const resident = moveIn(speak);
    this.#residents.push(resident);
  }

  #carrier(number: PortNumber, place: Place, up: boolean): void {
    const isLost = place.up && !up;
    place.up = up;
    if (!this.running) return;
    this.switch.setCarrier(number, up);
    if (isLost) for (const resident of this.#residents) resident.portClosed?.(number);
  }

  #receive(number: PortNumber, place: Place, frame: Uint8Array): void {
    if (!this.running) return;
    const { poison, trace } = this.#fabric;
    const before = this.#sent;
    const lent = poison ? frame.slice() : frame;
    this.#plane.receive(number, lent);
    if (poison) lent.fill(0xa5);
    if (this.#sent === before && trace.current !== uncaused) trace.ended(trace.current, this.#fateAt(number, place));
  }

  /** Returns the fate of a frame that the switch did not forward. */
  #fateAt(number: PortNumber, place: Place): string {
    const { drops = {} } = this.switch.port(number)?.counters ?? {};
    const reason = Object.entries(drops).find(([name, count]) => count !== (place.drops[name] ?? 0))?.[0];
    place.drops = { ...drops };
    return reason === undefined ? `taken by ${this.name}` : `dropped by ${this.name}: ${reason}`;
  }

  readonly #deliver = (number: PortNumber, frame: Uint8Array): void => {
    this.#sent++;
    const place = this.#places.get(number);
    if (place) this.#plane.give(place, this.#fabric.poison ? frame.slice() : frame);
  };

  #note(change: FstpChange): void {
    if (this.treeChanges.length >= maxChanges) this.treeChanges.splice(0, maxChanges / 2);
    this.treeChanges.push({ ...change, time: this.#fabric.timeline.now });
  }
}

const maxChanges = 1000;
const maxPriority = 0xffff;

function checkSwitch(name: string, { hub, vlans = [], priority, ageingTime, minPersistence, maxEntries }: LabSwitchOptions): void {
  for (const vlan of vlans) vlanOf(vlan);
  if (hub === true && vlans.length > 0)
    throw new EtherloomError('bad-option', `${name} cannot have VLANs: it is a hub; leave out { vlans } or { hub }`);
  if (priority !== undefined) checkCount('the priority of a switch', priority, 0, maxPriority);
  if (ageingTime !== undefined && ageingTime !== Infinity) checkNumber('the ageing time of a switch', ageingTime);
  if (minPersistence !== undefined && minPersistence !== Infinity) checkNumber('the persistence of stations in a switch', minPersistence);
  if (maxEntries !== undefined) checkCount('the most stations that a switch remembers', maxEntries, 1);
}
