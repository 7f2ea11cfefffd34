import { EtherloomError } from '../errors.ts';
import type { Port, PortNumber } from '../ports/port.ts';
import { formatExplanation, Switch, type FstpChange, type NewPort, type SwitchOptions } from '../switch/switch.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Fabric } from './fabric.ts';
import { Crashes } from './crashes.ts';
import { LinkEnd } from './link-end.ts';
import { readMacText } from './names.ts';
import type { Vid } from '../wire/dot1q.ts';
import { checkCount, checkNumber, vlanOf } from './numbers.ts';
import { formatSkew, SkewedClock, type Skew } from './skewed-clock.ts';
import { uncaused } from './trace.ts';

/** What a switch of the lab is like. */
export interface LabSwitchOptions extends Pick<SwitchOptions, 'ageingTime' | 'minPersistence' | 'maxEntries' | 'priority'> {
  /** Whether it takes part in spanning trees. Default: false. */
  readonly fstp?: boolean;
  /** Whether it is a hub: then it has no VLANs, no spanning tree, and learns nothing. Default: false. */
  readonly hub?: boolean;
  /** Whether its ports whose VLANs are not set carry those of all with their tags, as those of `etherloom switch` do. Default: true. */
  readonly trunk?: boolean;
  /** The VLANs that it knows; links to switches which know them too carry them with tags. Default: none but 0, which has no tags. */
  readonly vlans?: readonly number[];
  /** Its own address. By default one that is made from the order of adding. */
  readonly mac?: string;
}

/** A station inside a switch, such as its DHCP server. It lives from one start of the switch to its crash. */
export interface Resident extends Disposable {
  /** A frame for it, borrowed, and the port that the frame entered the switch by. */
  readonly receive: (frame: Uint8Array, ingress: PortNumber) => void;
  /** Sees what the switch lets observe. */
  readonly observe?: NonNullable<SwitchOptions['observe']>;
  /** Is told that a port lost its carrier: what is at it next is another station. */
  readonly portClosed?: (port: PortNumber) => void;
}

/** Makes a resident when its switch starts; `say` sends, in this breath or one of its own, when the switch is done with the frame at hand. */
export type MoveIn = (say: (frame: Uint8Array) => void) => Resident;

interface Place {
  readonly port: Port;
  readonly membership: NewPort;
  up: boolean;
  /** How many frames it had dropped for each reason when that was looked at last. */
  drops: Readonly<Record<string, number>>;
}

/** Beyond the numbers of ports. */
const firstResident: PortNumber = 0x1_0000;

/** A switch of the lab: the production switch with its ports. It can crash, and start again as it was configured. */
export class LabSwitch implements Disposable {
  readonly name: string;
  readonly mac: MacAddress;
  readonly options: LabSwitchOptions;
  /** Its own time, which may be wrong. */
  readonly clock: SkewedClock;
  /** What its spanning trees told since the beginning, and when, in milliseconds; the last ones. */
  readonly treeChanges: (FstpChange & { readonly time: number })[] = [];
  readonly #fabric: Fabric;
  readonly #places = new Map<PortNumber, Place>();
  /** Of those, the ones that lead out of the lab. */
  readonly #outside = new Set<Port>();
  readonly #movesIn: (() => void)[] = [];
  readonly #residents: Resident[] = [];
  #switch: Switch;
  #said: (readonly [PortNumber, Uint8Array])[] = [];
  readonly #crashes = new Crashes(
    () => this.#fall(),
    () => this.#restart(),
  );
  #outages: readonly Disposable[] = [];
  #disposed = false;
  #breathing = false;
  #sent = 0;

  constructor(name: string, mac: MacAddress, options: LabSwitchOptions, fabric: Fabric) {
    this.name = name;
    this.mac = options.mac === undefined ? mac : readMacText(options.mac);
    this.options = options;
    checkSwitch(name, options);
    this.#fabric = fabric;
    this.clock = new SkewedClock(fabric.timeline);
    this.#switch = this.#make();
    this.#configure();
  }

  /** The production switch. After a restart it is another one. */
  get switch(): Switch {
    return this.#switch;
  }

  /** Whether it runs, and has not crashed. */
  get running(): boolean {
    return !this.#crashes.any && !this.#disposed;
  }

  /** The ends of links that are plugged in, by their port numbers. */
  get ends(): ReadonlyMap<PortNumber, LinkEnd> {
    return new Map([...this.#places].flatMap(([number, { port }]) => (port instanceof LinkEnd ? [[number, port] as const] : [])));
  }

  /** Whether its ports whose VLANs are not set carry those of all. */
  get trunk(): boolean {
    return this.options.trunk ?? true;
  }

  /** Throws EtherloomError('bad-option') that names the VLANs that it knows, unless all of these are among them. */
  checkVlans(...vlans: readonly number[]): void {
    const known = [0, ...(this.options.vlans ?? [])];
    const unknown = vlans.find((vlan) => !known.includes(vlan));
    if (unknown === undefined) return;
    const why = this.options.hub === true ? 'a hub has no VLANs' : `it knows ${[...new Set(known)].join(', ')}; add it with { vlans }`;
    throw new EtherloomError('bad-option', `${this.name} does not know VLAN ${unknown}: ${why}`);
  }

  /** The lowest number above `after` that no port has. */
  freePort(after: PortNumber = 0): PortNumber {
    let number = after + 1;
    while (this.#places.has(number)) number++;
    return number;
  }

  /** Runs `work` as one breath. Nests. */
  readonly breath = (work: () => void): void => {
    if (this.#breathing) {
      work();
      return;
    }
    this.#breathing = true;
    try {
      this.#switch.beginBreath();
      work();
      for (let said = this.#said.shift(); said; said = this.#said.shift()) this.#switch.receive(...said);
    } finally {
      this.#breathing = false;
      for (const port of this.#outside) port.flush();
    }
  };

  /** Puts a port at a number that is free, and takes what comes by it. */
  plug(port: Port, number: PortNumber = this.freePort(), membership: NewPort = { trunk: this.trunk }): void {
    if (this.#places.has(number)) throw new EtherloomError('busy', `port ${number} of ${this.name} is in use; choose another one`);
    const place: Place = { port, membership, up: false, drops: {} };
    this.#places.set(number, place);
    if (!(port instanceof LinkEnd)) this.#outside.add(port);
    if (this.running) this.#switch.addPort(number, { ...membership, up: false });
    port.attach({
      receive: (frame) => this.#receive(number, place, frame),
      carrier: (up) => this.#carrier(number, place, up),
      closed: () => {
        this.#carrier(number, place, false);
        this.#places.delete(number);
        this.#outside.delete(port);
        if (this.running) this.#switch.removePort(number);
      },
    });
  }

  /** What it would do with a frame that came by that port now, and why, in one line; undefined when there is no such port. */
  explain(port: PortNumber, frame: Uint8Array): string | undefined {
    const explanation = this.running ? this.#switch.explain(port, frame) : undefined;
    return explanation && formatExplanation(explanation, (number) => (number < firstResident ? `${number}` : 'inside'));
  }

  /** Puts a station inside that hears one VLAN alone, now and after each restart. */
  house(vlan: Vid, moveIn: MoveIn): void {
    this.checkVlans(vlan);
    const again = (): void => this.breath(() => this.#moveIn(vlan, moveIn));
    this.#movesIn.push(again);
    if (this.running) again();
  }

  /** Stops dead: its links lose their carrier, and all that it knew is gone. It starts again when the last of its crashes is disposed. */
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
    this.#switch = this.#make();
    this.#configure();
    for (const [number, place] of this.#places) {
      place.drops = {};
      this.#switch.addPort(number, { ...place.membership, up: place.up });
    }
    for (const moveIn of this.#movesIn) moveIn();
    for (const outage of this.#outages) outage[Symbol.dispose]();
  }

  #make(): Switch {
    return new Switch({
      ...this.options,
      mac: this.mac,
      clock: this.clock,
      breath: this.breath,
      transmit: this.#transmit,
      observe: (...seen) => {
        for (const resident of this.#residents) resident.observe?.(...seen);
      },
      treeChanged: (change) => this.#note(change),
    });
  }

  #configure(): void {
    const { fstp = false, hub = false, vlans = [] } = this.options;
    for (const one of vlans) this.#switch.vlans.create(vlanOf(one));
    this.#switch.fstp.enabled = fstp;
    this.#switch.hub = hub;
  }

  #stop(): void {
    this.#switch[Symbol.dispose]();
    for (const resident of this.#residents.splice(0)) resident[Symbol.dispose]();
    this.#said = [];
  }

  #moveIn(vlan: Vid, moveIn: MoveIn): void {
    const number = firstResident + this.#residents.length;
    this.#switch.addPort(number, { edge: true, ...(vlan !== 0 && { untagged: 'none', tagged: [vlan] }) });
    const say = (frame: Uint8Array): void => this.breath(() => this.#said.push([number, frame]));
    this.#residents.push(moveIn(say));
  }

  #carrier(number: PortNumber, place: Place, up: boolean): void {
    const isLost = place.up && !up;
    place.up = up;
    if (!this.running) return;
    this.#switch.setCarrier(number, up);
    if (isLost) for (const resident of this.#residents) resident.portClosed?.(number);
  }

  #receive(number: PortNumber, place: Place, frame: Uint8Array): void {
    if (!this.running) return;
    const { poison, trace } = this.#fabric;
    const before = this.#sent;
    const lent = poison ? frame.slice() : frame;
    this.#switch.receive(number, lent);
    if (poison) lent.fill(0xa5);
    if (this.#sent === before && trace.current !== uncaused) trace.ended(trace.current, this.#fateAt(number, place));
  }

  /** What became of the frame that the switch passed on to nobody. */
  #fateAt(number: PortNumber, place: Place): string {
    const { drops = {} } = this.#switch.port(number)?.counters ?? {};
    const reason = Object.entries(drops).find(([name, count]) => count !== (place.drops[name] ?? 0))?.[0];
    place.drops = { ...drops };
    return reason === undefined ? `taken by ${this.name}` : `dropped by ${this.name}: ${reason}`;
  }

  readonly #transmit = (number: PortNumber, frame: Uint8Array, ingress: PortNumber): void => {
    this.#sent++;
    const lasting = this.#fabric.poison ? frame.slice() : frame;
    if (number >= firstResident) this.#residents[number - firstResident]?.receive(lasting, ingress);
    else this.#places.get(number)?.port.transmit(lasting);
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
