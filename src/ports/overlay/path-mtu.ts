import { closeSync } from 'node:fs';
import type { Timer } from '../../clock.ts';
import { SystemError } from '../../errors.ts';
import { familyOf } from '../../system/ip-address.ts';
import { bindIp, connectIp, pathMtu, udpSocket, type Fragmentation } from '../../system/ip-socket.ts';
import { minFrame } from '../../wire/ethernet.ts';
import { packetTooBig } from '../../wire/packet-too-big.ts';
import type { AddressOptions } from '../address-options.ts';
import type { PortEnvironment } from '../environment.ts';
import { onceAMinute } from '../once-a-minute.ts';
import { maxFrame } from '../pure/port.ts';

/** The wishes of a user about packets that are too long for their path. */
export interface PathWishes {
  /** Default: never. */
  readonly fragmentation?: Fragmentation;
  /** True if their senders get an answer by ICMP. Default: false. */
  readonly answers?: boolean;
}

/** The options of addresses for these wishes, with their meanings. */
export const pathOptions = {
  fragment: 'on lets packets be fragmented that are too big for the path',
  pmtud: 'on answers the senders of packets that are too big by ICMP',
} as const;

/** Returns the wishes in the options of an address. Throws EtherloomError('bad-address'). */
export function pathWishes(options: AddressOptions): PathWishes {
  return { fragmentation: options.onOff('fragment') === true ? 'allowed' : 'never', answers: options.onOff('pmtud') ?? false };
}

/** A remote of a port, and the path to it. */
export interface PathEnd {
  readonly address: string;
  /** The longest frame that the path carries whole, in octets. `PathMtu` sets it; `maxFrame` until it is known. */
  longest: number;
}

/** The paths of a port. */
export interface PathMtuOptions {
  /** The port, as the log calls it: `vxlan 192.0.2.7`. */
  readonly name: string;
  /** The octets of a packet between its IP header and its frame: 16 for VXLAN. */
  readonly overhead: number;
  /** The address of this machine from which packets leave. Default: as the routes say. */
  readonly local?: string | undefined;
  /** Returns the remotes at this time. */
  readonly ends: () => Iterable<PathEnd>;
  /** True if the senders of packets that are too long get an answer by ICMP. Default: false. */
  readonly answers?: boolean | undefined;
  /** Returns the MTU of the path to an address. Throws a SystemError if there is none. Default: `askPathMtu`. */
  readonly ask?: typeof askPathMtu;
  /** Disposed with the rest. Default: nothing. */
  readonly released?: Disposable;
}

/** How often the paths are asked for, in milliseconds: routes change, and the kernel forgets after ten minutes what routers reported. */
const interval = 60_000;

/** How long a refusal of the kernel is no reason to ask for the same path again, in milliseconds. */
const patience = 1_000;

/** The most answers at once, and in a second: a sender that does not obey must not make us send as much as it does. */
const mostAnswers = 100;

const ipHeader = { 4: 20, 6: 40 } as const;

/** A UDP port of hosts that is never used here: a socket is connected to it, and sends nothing. [RFC 863] */
const discardPort = 9;

/** Follows the MTUs of the paths to the remotes of a port, logs their changes, and handles frames that are too long for them. */
export class PathMtu implements Disposable {
  readonly #options: PathMtuOptions;
  readonly #environment: Pick<PortEnvironment, 'clock' | 'log'>;
  readonly #warn: ReturnType<typeof onceAMinute>;
  readonly #askedAt = new WeakMap<PathEnd, number>();
  #mtu: number | undefined;
  #timer: Timer;
  #answers = mostAnswers;
  #since: number;

  /** Asks for the paths, now and each minute. */
  constructor(options: PathMtuOptions, environment: Pick<PortEnvironment, 'clock' | 'log'>) {
    const { clock, log } = environment;
    this.#options = options;
    this.#environment = environment;
    this.#warn = onceAMinute(clock, log.warn);
    this.#since = clock.monotonic();
    this.ask();
    this.#timer = this.#askLater();
  }

  /** The MTU of the port: see Port. */
  get mtu(): number | undefined {
    return this.#mtu;
  }

  /** Asks for all paths. Call it when a remote has another address. */
  ask(): void {
    for (const end of this.#options.ends()) this.#askFor(end);
    this.#settle();
  }

  /**
   * Handles a frame that is too long for its path, as is known here or as the kernel says by EMSGSIZE. Logs it, at most once a minute. Returns
   * the answer to its sender, a frame, if one is due.
   */
  refuse(end: PathEnd, frame: Uint8Array): Uint8Array | undefined {
    if (frame.length <= end.longest) this.#askAgain(end);
    this.#warn(this.#textOf(end, frame));
    if (!this.#options.answers || !this.#mayAnswer()) return undefined;
    const answer = packetTooBig(frame, end.longest);
    if (answer) this.#answers -= 1;
    return answer;
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#options.released?.[Symbol.dispose]();
  }

  #askLater(): Timer {
    return this.#environment.clock.after(interval, () => {
      this.ask();
      this.#timer = this.#askLater();
    });
  }

  /** Asks for a path of which the kernel knows more than we do. */
  #askAgain(end: PathEnd): void {
    const now = this.#environment.clock.monotonic();
    if (now - (this.#askedAt.get(end) ?? -Infinity) < patience) return;
    this.#askedAt.set(end, now);
    this.#askFor(end);
    this.#settle();
  }

  #askFor(end: PathEnd): void {
    const { overhead } = this.#options;
    const mtu = this.#mtuTo(end);
    if (mtu !== undefined) end.longest = Math.min(maxFrame, mtu - ipHeader[familyOf(end.address)] - overhead);
  }

  /** Returns the MTU of a path; undefined without a route. */
  #mtuTo({ address }: PathEnd): number | undefined {
    const { ask = askPathMtu, local } = this.#options;
    try {
      return ask(address, local);
    } catch (error) {
      if (error instanceof SystemError) return undefined;
      throw error;
    }
  }

  /** Finds the least MTU, and logs it if it is new. */
  #settle(): void {
    let longest = maxFrame;
    for (const end of this.#options.ends()) longest = Math.min(longest, end.longest);
    const mtu = longest < maxFrame ? longest - minFrame : undefined;
    if (mtu === this.#mtu) return;
    this.#mtu = mtu;
    const { name } = this.#options;
    if (mtu === undefined) this.#environment.log(`${name}: its path carries packets of any length again`);
    else this.#environment.log(`${name}: its path carries packets of up to ${mtu} octets`, { mtu });
  }

  #textOf({ address, longest }: PathEnd, { length }: Uint8Array): string {
    const what = `${this.#options.name}: a frame of ${length} octets is dropped: it is too long for the path to ${address}`;
    if (length <= longest || this.#mtu === undefined) return `${what}; use a smaller MTU in the guests`;
    return `${what}, which carries ${longest}; set the MTU of the guests to ${this.#mtu}, or let the DHCP server of the switch tell them`;
  }

  /** Returns whether an answer may be sent now. */
  #mayAnswer(): boolean {
    const now = this.#environment.clock.monotonic();
    this.#answers = Math.min(mostAnswers, this.#answers + ((now - this.#since) * mostAnswers) / 1000);
    this.#since = now;
    return this.#answers >= 1;
  }
}

/**
 * Returns the longest packet that the path to an address takes, in octets with its IP header, as far as the kernel knows: the MTU of the
 * interface, or what a router has reported. `local` is the address from which packets leave. Throws a SystemError without a route.
 */
export function askPathMtu(address: string, local?: string): number {
  const family = familyOf(address);
  const fd = udpSocket(family);
  try {
    if (local !== undefined) bindIp(fd, local, 0);
    connectIp(fd, address, discardPort);
    return pathMtu(fd, family);
  } finally {
    closeSync(fd);
  }
}
