import { addressOfKey, type AddressKey } from '../../system/ip-address.ts';
import { FixedOctets } from '../../system/packets.ts';
import { errnoText } from '../../errors.ts';
import type { Encapsulation } from '../../wire/encapsulation.ts';
import { minFrame } from '../../wire/ethernet.ts';
import type { BacklogLimits } from '../pure/backlog.ts';
import type { PortEnvironment } from '../environment.ts';
import { Intake } from '../pure/intake.ts';
import { newPortCounters, type Port, type PortDrop, type Receiver } from '../pure/port.ts';
import { RemoteTable } from '../pure/remote-table.ts';
import { SendQueue } from '../pure/send-queue.ts';
import { OverlaySink } from './overlay-sink.ts';
import type { PacketReceiver, PacketSender, PacketSenders } from './packet-socket.ts';
import type { PathMtu } from './path-mtu.ts';
import type { Remote, Remotes } from './remotes.ts';
import type { Claimant, Share, SharedSocket } from './shared-socket.ts';

/** The parts of a port on a tunnel. The port owns them, and disposes them when it ends. */
export interface OverlayPortOptions {
  readonly module: string;
  /** The address of the port, for people. */
  readonly name: string;
  readonly encapsulation: Encapsulation;
  readonly remotes: Remotes & Disposable;
  /** The sockets by which packets leave. */
  readonly senders: Share<PacketSenders & Disposable>;
  /** The sockets by which packets come. */
  readonly receivers: readonly Share<SharedSocket>[];
  /** Returns whether a packet is this port's own, which came back to it. Default: none is. */
  readonly isOwn?: ((source: AddressKey, sourcePort: number) => boolean) | undefined;
  /** Follows the paths to the remotes. Default: packets may be fragmented, and the port has no MTU. */
  readonly path?: PathMtu | undefined;
}

/** The frames for one sender that wait, or that leave with the breath. */
interface Departure {
  readonly queue: SendQueue;
  readonly room: () => void;
  readonly sender: PacketSender;
  touched: boolean;
}

/** How long a kind of fault is not logged again, in milliseconds. */
const quietTime = 60_000;

/**
 * A port on a tunnel over IP: VXLAN and its kin. Each frame is a packet. A frame for a station that was heard goes to the station's remote,
 * others to all listed remotes. Frames from one remote never leave to another: a switch sends none back by the port it came by.
 */
export class OverlayPort implements Port {
  readonly module: string;
  readonly description: string;
  readonly counters = newPortCounters();
  readonly remotes: Remotes;
  readonly #options: OverlayPortOptions;
  readonly #environment: PortEnvironment;
  readonly #intake = new Intake(this.counters);
  readonly #header: FixedOctets;
  /** Undefined if there is one remote: it has all stations. */
  readonly #table: RemoteTable<Remote> | undefined;
  /** A list for each remote, so that looking a remote up allocates nothing. */
  readonly #alone = new WeakMap<Remote, readonly Remote[]>();
  readonly #departures = new Map<PacketSender, Departure>();
  readonly #touched: Departure[] = [];
  readonly #quiet = new Map<string, number>();
  #deliveries: readonly Disposable[] = [];
  #inBreath = false;
  #open = true;

  /** Throws EtherloomError('busy') if another port has the same key and remote. Then the caller keeps the parts. */
  constructor(options: OverlayPortOptions, environment: PortEnvironment) {
    this.module = options.module;
    this.description = options.name;
    this.remotes = options.remotes;
    this.#options = options;
    this.#environment = environment;
    this.#header = new FixedOctets(options.encapsulation.header);
    const { listed, takesAny } = options.remotes;
    for (const { resource } of options.receivers) {
      resource.check(
        this.#claimant(resource.receiver),
        listed.flatMap(({ key }) => key ?? []),
      );
    }
    if (listed.length > 1 || takesAny) this.#table = new RemoteTable(environment.clock, { seed: environment.seed ?? 0 });
  }

  get mtu(): number | undefined {
    return this.#options.path?.mtu;
  }

  attach(receiver: Receiver): void {
    this.#intake.receiver = receiver;
    if (this.#open && this.#deliveries.length === 0) {
      this.#deliveries = this.#options.receivers.map(({ resource }) => resource.deliver(this.#claimant(resource.receiver)));
    }
    receiver.carrier(this.#open);
  }

  transmit(frame: Uint8Array): void {
    if (!this.#open) {
      this.counters.drops['no-carrier']++;
      return;
    }
    const departure = this.#departureOf(this.#options.senders.resource.senderOf(frame));
    departure.queue.add(frame);
    if (departure.touched) return;
    departure.touched = true;
    this.#touched.push(departure);
  }

  flush(): void {
    for (const departure of this.#touched) {
      departure.touched = false;
      departure.queue.flush();
    }
    this.#touched.length = 0;
  }

  /** Has no effect on the other side, which the medium cannot inform. */
  enable(up: boolean): void {
    if (up) return;
    for (const { queue } of this.#departures.values()) queue.drop('port-down');
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#open) {
      this.#open = false;
      for (const delivery of this.#deliveries) delivery[Symbol.dispose]();
      for (const { queue, sender, room } of this.#departures.values()) {
        queue[Symbol.dispose]();
        sender.await(room, false);
      }
      this.#table?.[Symbol.dispose]();
      const { remotes, senders, receivers, path } = this.#options;
      for (const part of [remotes, senders, ...receivers]) part[Symbol.dispose]();
      path?.[Symbol.dispose]();
    }
    return Promise.resolve();
  }

  #departureOf(sender: PacketSender): Departure {
    const known = this.#departures.get(sender);
    if (known) return known;
    const sink = new OverlaySink({ sender, header: this.#header, remotesFor: this.#remotesFor, refused: this.#refused });
    const { breath, budget } = this.#environment;
    const queue = new SendQueue({
      sink,
      counters: this.counters,
      budget,
      limits: partOf(budget.port, this.#options.senders.resource.most),
      blocked: (blocked) => sender.await(room, blocked),
    });
    const room = (): void => breath(() => queue.drain());
    const departure = { queue, room, sender, touched: false };
    this.#departures.set(sender, departure);
    return departure;
  }

  readonly #remotesFor = (frame: Uint8Array): readonly Remote[] => {
    this.#beginBreath();
    const remote = this.#table?.lookup(frame);
    if (!remote) return this.remotes.listed;
    const known = this.#alone.get(remote) ?? [remote];
    this.#alone.set(remote, known);
    return known;
  };

  readonly #refused = (remote: Remote, frame: Uint8Array, errno: string): void => {
    if (errno === 'EMSGSIZE') {
      const answer = this.#options.path?.refuse(remote, frame);
      if (answer) this.#environment.breath(() => this.#intake.receiver?.receive(answer));
      return;
    }
    remote.failed = true;
    this.#complain(errno, () => `cannot send to ${remote.host}: ${errnoText(errno)}`);
  };

  #claimant(receiver: PacketReceiver): Claimant {
    const { encapsulation, isOwn } = this.#options;
    const { remotes, counters } = this;
    return {
      name: `${this.module}://${this.description}`,
      key: encapsulation.key,
      takesAny: remotes.takesAny,
      lists: (source) => remotes.at(source) !== undefined,
      take: (payload, source, sourcePort) => {
        if (isOwn?.(source, sourcePort)) return;
        const at = encapsulation.frameAt(payload);
        if (typeof at === 'number') this.#take(receiver.rest(at), source);
        else this.#drop('malformed', source, `has a faulty header (${at})`);
      },
      refuse: (why, source) => this.#drop(why, source, why === 'oversize' ? 'is too long' : 'is of another network, or of no remote'),
      lost: (packets) => {
        counters.drops['receive-overflow'] += packets;
        this.#complain('receive-overflow', () => `the system has dropped ${packets} packets that came faster than they were read`);
      },
    };
  }

  #take(frame: Uint8Array, source: AddressKey): void {
    const remote = this.remotes.at(source) ?? this.remotes.learn(source);
    if (remote) {
      remote.heard = true;
      if (this.#table && frame.length >= minFrame) {
        this.#beginBreath();
        this.#table.learn(frame, remote);
      }
    }
    this.#intake.take(frame);
  }

  #drop(why: PortDrop, source: AddressKey, what: string): void {
    this.counters.drops[why]++;
    this.#complain(why, () => `a packet from ${addressOfKey(source)} is dropped: it ${what}`);
  }

  /** Reads the clock for the table, once a breath. */
  #beginBreath(): void {
    if (!this.#table || this.#inBreath) return;
    this.#inBreath = true;
    this.#table.beginBreath();
    this.#environment.release(this.#endBreath);
  }

  readonly #endBreath = (): void => {
    this.#inBreath = false;
  };

  /** Logs a kind of fault, at most once a minute. */
  #complain(kind: string, text: () => string): void {
    const { clock, log } = this.#environment;
    const now = clock.monotonic();
    if (now < (this.#quiet.get(kind) ?? 0)) return;
    this.#quiet.set(kind, now + quietTime);
    log.warn(`${this.module} ${this.description}: ${text()}; further ones in the next minute are counted and not logged (port/drops)`);
  }
}

/** Returns the bounds of one sender's backlog, when `most` senders share those of a port. */
function partOf({ frames, octets }: Required<BacklogLimits>, most: number): BacklogLimits {
  return { frames: Math.ceil(frames / most), octets: Math.ceil(octets / most) };
}
