import { EtherloomError } from '../errors.ts';
import { Channel } from '../impairment/channel.ts';
import { newPortCounters, type Breath, type Port, type PortNumber, type Receiver } from '../ports/pure/port.ts';
import { isTagged } from '../wire/dot1q.ts';
import { minFrame } from '../wire/ethernet.ts';
import type { Fabric } from './fabric.ts';
import { Lane } from './lane.ts';
import { uncaused } from './trace.ts';

/** A node that links are plugged into. */
export interface LinkOwner {
  readonly name: string;
  readonly breath: Breath;
}

/** The place of a plug. */
export interface Plug {
  readonly owner: LinkOwner;
  /** The number of the switch's port; 0 at a station. */
  readonly port: PortNumber;
  /** `s1.2`, or a station's name. */
  readonly name: string;
}

/** The link that an end belongs to, as the end knows it. */
export interface LinkState extends Disposable {
  readonly name: string;
  readonly up: boolean;
  /** The longest payload, in octets. */
  readonly mtu: number;
  /** Takes the link down until the result is disposed of. */
  cut(): Disposable;
}

const tagLength = 4;

/** One end of a link: a port of the node that it is plugged into. */
export class LinkEnd implements Port {
  readonly module = 'lab';
  readonly counters = newPortCounters();
  readonly owner: LinkOwner;
  readonly port: PortNumber;
  readonly name: string;
  readonly link: LinkState;
  /** While there is one, frames sent here are lost. */
  readonly silences = new Set<object>();
  readonly #fabric: Fabric;
  #receiver: Receiver | undefined;
  #peer: LinkEnd | undefined;
  #lane: Lane | undefined;
  #channel: Channel | undefined;
  #cut: Disposable | undefined;
  /** The hop numbers of frames that the channel affects. */
  readonly #hops = new WeakMap<Uint8Array, number>();

  constructor(link: LinkState, { owner, port, name }: Plug, fabric: Fabric) {
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
    if (!this.#peer) throw new EtherloomError('bad-state', `the link ${this.link.name} has no second end yet; wait until it is plugged in`);
    return this.#peer;
  }

  get latency(): number {
    return this.#lane?.latency ?? 0;
  }

  set latency(milliseconds: number) {
    if (this.#lane) this.#lane.latency = milliseconds;
  }

  /** The channel that affects frames from here. */
  get channel(): Channel {
    const { timeline, trace, channels } = this.#fabric;
    this.#channel ??= new Channel({
      clock: timeline,
      random: this.#fabric.random(`link ${this.link.name} from ${this.name}`),
      deliver: (frame) => this.#lane?.enter(frame, this.#hopOf(frame)),
      dropped: (frame, why) => trace.ended(this.#hopOf(frame), `lost: ${why}`),
      replaced: (frame, copy) => this.#hops.set(copy, this.#hopOf(frame)),
      lent: false,
    });
    channels.add(this.#channel);
    return this.#channel;
  }

  /** The number of frames in transit from here. */
  get flying(): number {
    return this.#lane?.flying ?? 0;
  }

  /** Makes `peer` the other end of the lane from here. */
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
    else if (!this.#channel || this.#channel.idle) lane.enter(frame, hop);
    else {
      this.#hops.set(frame, hop);
      this.#channel.submit(frame);
    }
  }

  flush(): void {
    // Transmitted frames are already in transit.
  }

  /** Cuts the link, until the port is up again. */
  enable(up: boolean): void {
    if (!up) this.#cut ??= this.link.cut();
    else {
      this.#cut?.[Symbol.dispose]();
      this.#cut = undefined;
    }
  }

  /** Informs the node whether there is a carrier. */
  tellCarrier(): void {
    this.owner.breath(() => this.#receiver?.carrier(this.link.up));
  }

  /** Drops the frames in transit from here. */
  clear(): void {
    this.#channel?.cut();
    this.#lane?.clear('lost: the link was cut');
  }

  /** Removes the port from the node. */
  unplug(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.owner.breath(() => receiver?.closed('it was unplugged'));
    if (this.#channel) this.#fabric.channels.delete(this.#channel);
    this.#channel?.[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.link[Symbol.dispose]();
    return Promise.resolve();
  }

  #hopOf(frame: Uint8Array): number {
    return this.#hops.get(frame) ?? uncaused;
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
