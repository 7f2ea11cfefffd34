import { EtherloomError } from '../errors.ts';
import { newPortCounters, type Breath, type Port, type PortNumber, type Receiver } from '../ports/port.ts';
import { isTagged } from '../wire/dot1q.ts';
import { minFrame } from '../wire/ethernet.ts';
import type { Fabric } from './fabric.ts';
import { Lane } from './lane.ts';
import { formatLine } from './words.ts';

/** What a link is like. */
export interface LinkOptions {
  /** How long a frame takes, in milliseconds. Default: 0.05. */
  readonly latency?: number;
  /** The longest payload of a frame, in octets; its header, and a tag, do not count. Longer frames are lost. Default: 9,216. */
  readonly mtu?: number;
}

/** Whoever a link is plugged into. */
export interface LinkOwner {
  readonly name: string;
  readonly breath: Breath;
}

/** A plug in its place. */
export interface Plug {
  readonly owner: LinkOwner;
  /** The number of the switch's port; 0 at a station. */
  readonly port: PortNumber;
  /** `s1.2`, or a station's name. */
  readonly name: string;
}

/** Which of what is sent a fault is for. */
export interface Side {
  /** Only what this node sends; by default both sides. */
  readonly from?: LinkOwner;
}

const defaultLatency = 0.05;
const defaultMtu = 9216;
const tagLength = 4;

/** A cable between two nodes. What is done to it is undone by disposing what that returned. */
export class Link implements Disposable {
  /** `s1-s2`; a second one between the same nodes is `s1-s2#2`. */
  readonly name: string;
  readonly ends: readonly [LinkEnd, LinkEnd];
  readonly #fabric: Fabric;
  readonly #cuts = new Set<object>();
  #mtu: number;

  constructor(name: string, [a, b]: readonly [Plug, Plug], options: LinkOptions, fabric: Fabric) {
    const { latency = defaultLatency, mtu = defaultMtu } = options;
    this.name = name;
    this.#fabric = fabric;
    this.#mtu = mtu;
    const ends: readonly [LinkEnd, LinkEnd] = [new LinkEnd(this, a, fabric), new LinkEnd(this, b, fabric)];
    this.ends = ends;
    ends[0].join(ends[1], latency);
    ends[1].join(ends[0], latency);
  }

  /** How long a frame takes, in milliseconds. A change overtakes nothing. */
  get latency(): number {
    return this.ends[0].latency;
  }

  set latency(milliseconds: number) {
    this.#fabric.act(
      () => `latency ${this.name} ${milliseconds}`,
      () => {
        for (const end of this.ends) end.latency = milliseconds;
      },
    );
  }

  /** The longest payload of a frame, in octets. */
  get mtu(): number {
    return this.#mtu;
  }

  set mtu(octets: number) {
    this.#fabric.act(
      () => `mtu ${this.name} ${octets}`,
      () => (this.#mtu = octets),
    );
  }

  /** Whether both ends have a carrier. */
  get up(): boolean {
    return this.#cuts.size === 0;
  }

  /** How many frames are on it. */
  get flying(): number {
    return this.ends[0].flying + this.ends[1].flying;
  }

  /** Takes the carrier away until the cut is disposed; what is under way is lost. Several cuts last until the last is healed. */
  cut(): Disposable {
    return this.#fabric.fault(
      () => `cut ${this.name}`,
      () => {
        const cut = {};
        this.#change(() => this.#cuts.add(cut));
        return { [Symbol.dispose]: () => this.#change(() => this.#cuts.delete(cut)) };
      },
    );
  }

  /** Loses what is sent until disposed, and nobody notices: the carrier stays. */
  silence({ from }: Side = {}): Disposable {
    const ends = this.#endsOf(from);
    return this.#fabric.fault(
      () => formatLine('silence', this.name, from && `from ${from.name}`),
      () => {
        const silence = {};
        for (const end of ends) end.silences.add(silence);
        return {
          [Symbol.dispose]: () => {
            for (const end of ends) end.silences.delete(silence);
          },
        };
      },
    );
  }

  /** The end that is plugged into a node. Throws EtherloomError('bad-option') when none is. */
  endOf(owner: LinkOwner): LinkEnd {
    const end = this.ends.find((one) => one.owner === owner);
    if (!end) throw new EtherloomError('bad-option', `${this.name} does not lead to ${owner.name}`);
    return end;
  }

  /** Unplugs both ends for good. */
  [Symbol.dispose](): void {
    this.#change(() => this.#cuts.add(this));
    for (const end of this.ends) end.unplug();
  }

  #endsOf(from: LinkOwner | undefined): readonly LinkEnd[] {
    return from ? [this.endOf(from)] : this.ends;
  }

  #change(change: () => void): void {
    const before = this.up;
    change();
    if (this.up === before) return;
    for (const end of this.ends) end.clear();
    for (const end of this.ends) end.tellCarrier();
  }
}

/** One end of a link: a port of the node that it is plugged into. */
export class LinkEnd implements Port {
  readonly module = 'lab';
  readonly counters = newPortCounters();
  readonly owner: LinkOwner;
  readonly port: PortNumber;
  readonly name: string;
  readonly link: Link;
  /** As long as there is one, what is sent here is lost. */
  readonly silences = new Set<object>();
  readonly #fabric: Fabric;
  #receiver: Receiver | undefined;
  #peer: LinkEnd | undefined;
  #lane: Lane | undefined;

  constructor(link: Link, { owner, port, name }: Plug, fabric: Fabric) {
    this.link = link;
    this.port = port;
    this.owner = owner;
    this.name = name;
    this.#fabric = fabric;
  }

  get description(): string {
    return `${this.link.name} to ${this.#peer?.name ?? 'nowhere'}`;
  }

  /** The other end. */
  get peer(): LinkEnd {
    if (!this.#peer) throw new EtherloomError('bad-state', `${this.link.name} has one end only`);
    return this.#peer;
  }

  get latency(): number {
    return this.#lane?.latency ?? 0;
  }

  set latency(milliseconds: number) {
    if (this.#lane) this.#lane.latency = milliseconds;
  }

  /** How many frames are under way from here. */
  get flying(): number {
    return this.#lane?.flying ?? 0;
  }

  /** Makes `peer` the other end of the way from here. */
  join(peer: LinkEnd, latency: number): void {
    this.#peer = peer;
    const { breath } = peer.owner;
    this.#lane = new Lane({ source: this.name, target: peer.name, latency }, this.#fabric, {
      breath,
      receive: (frame) => peer.#take(frame),
    });
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    receiver.carrier(this.link.up);
  }

  transmit(frame: Uint8Array): void {
    const { trace, timeline } = this.#fabric;
    const lane = this.#lane;
    if (!lane) return;
    const hop = trace.sent(timeline.now, lane, frame, trace.current);
    const drop = this.#refusal(frame);
    if (drop) {
      this.counters.drops[drop]++;
      trace.ended(hop, `lost: ${drop}`);
      return;
    }
    this.counters.sentFrames++;
    this.counters.sentOctets += frame.length;
    if (this.silences.size > 0) trace.ended(hop, 'lost: the link is silenced');
    else lane.enter(frame, hop);
  }

  flush(): void {
    // What was transmitted is on its way already.
  }

  /** Tells the node whether there is a carrier. */
  tellCarrier(): void {
    this.owner.breath(() => this.#receiver?.carrier(this.link.up));
  }

  /** Loses what is under way from here. */
  clear(): void {
    this.#lane?.clear('lost: the link was cut');
  }

  /** Takes the port away from the node. */
  unplug(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.owner.breath(() => receiver?.closed('it was unplugged'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.link[Symbol.dispose]();
    return Promise.resolve();
  }

  #refusal(frame: Uint8Array): 'no-carrier' | 'oversize' | 'runt' | undefined {
    if (!this.link.up) return 'no-carrier';
    if (frame.length < minFrame) return 'runt';
    if (frame.length - minFrame - (isTagged(frame) ? tagLength : 0) > this.link.mtu) return 'oversize';
    return undefined;
  }

  #take(frame: Uint8Array): void {
    this.counters.receivedFrames++;
    this.counters.receivedOctets += frame.length;
    this.#receiver?.receive(frame);
  }
}
