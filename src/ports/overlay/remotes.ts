/** The other ends of a tunnel: those that its address lists, and those that are learned. */
import type { Clock, Timer } from '../../clock.ts';
import { EtherloomError, reasonOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { addressOfKey, familyOf, isLinkLocal, keyOf, type AddressKey, type IpFamily } from '../../system/ip-address.ts';
import { destination, type FixedOctets } from '../../system/packets.ts';
import { onceAMinute } from '../once-a-minute.ts';
import { maxFrame } from '../pure/port.ts';
import { resolveHost } from '../tcp-address.ts';

/** A remote as an address lists it. */
export interface ListedRemote {
  /** A name or an address. */
  readonly host: string;
  /** The UDP port to which packets are sent; 0 for protocols without ports. */
  readonly port: number;
}

/** One other end of a tunnel. */
export class Remote {
  /** The name or address, as its user wrote it. */
  readonly host: string;
  readonly port: number;
  /** The longest frame that is sent to it, in octets: see PathMtu. */
  longest = maxFrame;
  /** True if packets were sent to it since this was set to false. */
  sent = false;
  /** True if packets came from it since this was set to false. */
  heard = false;
  /** True if the system has refused a packet to it since this was set to false. */
  failed = false;
  #at: Place | undefined;

  /** `address` is undefined while its name has none. */
  constructor({ host, port }: ListedRemote, address: string | undefined) {
    this.host = host;
    this.port = port;
    if (address !== undefined) this.moveTo(address);
  }

  /** The address that its name has now; empty while it has none. */
  get address(): string {
    return this.#at?.address ?? '';
  }

  get key(): AddressKey | undefined {
    return this.#at?.key;
  }

  /** The destination of packets to it; undefined while it has no address. */
  get to(): FixedOctets | undefined {
    return this.#at?.to;
  }

  /** Moves it: its name has another address now. */
  moveTo(address: string): void {
    this.#at = { address, key: keyOf(address), to: destination(address, this.port) };
  }
}

/** The place of a remote. */
interface Place {
  readonly address: string;
  readonly key: AddressKey;
  readonly to: FixedOctets;
}

/** The environment of remotes in their port. */
export interface RemotesOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** True if remotes are learned from the packets that come from them. Default: false. */
  readonly takesAny?: boolean;
  /** The UDP port of remotes that are learned; 0 for protocols without ports. */
  readonly port: number;
  /** The interface of link-local remotes that are learned: its name or number. */
  readonly zone?: string | undefined;
  /** Called when a remote has another address. Default: nothing depends on it. */
  readonly moved?: () => void;
  /** Returns the address of a host. Default: the system's resolver. */
  readonly resolve?: (host: string, family?: IpFamily) => Promise<string>;
}

/** The most remotes that are learned; packets of further ones are taken, and answered as a flood. */
const mostLearned = 1_024;

/** How often silent remotes are looked for, in milliseconds. */
const lookInterval = 10_000;

/** How many intervals a remote may be silent, while packets are sent to it, until its name is resolved again. */
const patience = 6;

/** How many intervals a learned remote is remembered after its last packet, a little more than its stations are. */
const memory = 12;

/**
 * The remotes of a port. A name is resolved again when its host is not reached: when packets to it are refused, or nothing has come from it
 * for a minute while packets were sent.
 */
export class Remotes implements Disposable {
  /** Those that get floods. */
  readonly listed: readonly Remote[];
  readonly family: IpFamily;
  readonly takesAny: boolean;
  readonly #options: RemotesOptions;
  readonly #bySource = new Map<AddressKey, Remote>();
  /** For how many intervals a remote has been silent. */
  readonly #silence = new Map<Remote, number>();
  readonly #warn: (message: string) => void;
  #looking: Timer | undefined;
  #open = true;

  private constructor(listed: readonly Remote[], family: IpFamily, options: RemotesOptions) {
    this.listed = listed;
    this.family = family;
    this.takesAny = options.takesAny ?? false;
    this.#options = options;
    this.#warn = onceAMinute(options.clock, options.log.warn);
    for (const remote of listed) if (remote.key !== undefined) this.#bySource.set(remote.key, remote);
    if (this.takesAny || listed.some((remote) => remote.host !== remote.address)) this.#lookLater();
  }

  /**
   * Resolves the remotes that an address lists, to addresses of one family: `family`, else that of the first that has an address, else IPv4.
   * A name without an address is resolved again later. Throws EtherloomError('bad-address') if a remote is of the other family, or two are the
   * same.
   */
  static async resolve(listed: readonly ListedRemote[], family: IpFamily | undefined, options: RemotesOptions): Promise<Remotes> {
    const { resolve = resolveHost, log } = options;
    let one = family;
    const remotes: Remote[] = [];
    for (const remote of listed) {
      const address = await resolve(remote.host, one).catch((error: unknown) => {
        log.warn(`${reasonOf(error)}; trying again until it has one`);
        return undefined;
      });
      if (address !== undefined) {
        one ??= familyOf(address);
        if (familyOf(address) !== one) throw mixed(remote.host, one);
      }
      remotes.push(new Remote(remote, address));
    }
    const twice = remotes.find(({ key }, i) => key !== undefined && remotes.findIndex((other) => other.key === key) < i);
    if (twice) throw new EtherloomError('bad-address', `two remotes have the address ${twice.address}; name each host once`);
    return new Remotes(remotes, one ?? 4, options);
  }

  /** Returns those that are listed and those that are learned. */
  all(): Iterable<Remote> {
    return this.#bySource.values();
  }

  /** Returns the remote at a source address; undefined if it is not one. */
  at(source: AddressKey): Remote | undefined {
    return this.#bySource.get(source);
  }

  /** Returns a remote that becomes one by its packet; undefined if there are too many. For a port that takes any source. */
  learn(source: AddressKey): Remote | undefined {
    if (this.#bySource.size >= this.listed.length + mostLearned) return undefined;
    const bare = addressOfKey(source);
    const { zone } = this.#options;
    const address = zone !== undefined && isLinkLocal(bare) ? `${bare}%${zone}` : bare;
    const remote = new Remote({ host: address, port: this.#options.port }, address);
    this.#bySource.set(source, remote);
    return remote;
  }

  [Symbol.dispose](): void {
    this.#open = false;
    this.#looking?.[Symbol.dispose]();
  }

  #lookLater(): void {
    if (this.#open) this.#looking = this.#options.clock.after(lookInterval, () => void this.#look());
  }

  async #look(): Promise<void> {
    const due: Remote[] = [];
    for (const remote of new Set([...this.listed, ...this.#bySource.values()])) {
      const silence = remote.heard ? 0 : (this.#silence.get(remote) ?? 0) + 1;
      this.#silence.set(remote, silence);
      if (!this.listed.includes(remote)) {
        if (silence >= memory) this.#forget(remote);
      } else if (isMissed(remote, silence)) {
        due.push(remote);
      }
      if (remote.heard) remote.sent = false;
      remote.heard = remote.failed = false;
    }
    for (const remote of due) await this.#resolveAgain(remote);
    this.#lookLater();
  }

  #forget(remote: Remote): void {
    if (remote.key !== undefined) this.#bySource.delete(remote.key);
    this.#silence.delete(remote);
  }

  async #resolveAgain(remote: Remote): Promise<void> {
    this.#silence.delete(remote);
    remote.sent = false;
    const { resolve = resolveHost } = this.#options;
    try {
      const address = await resolve(remote.host, this.family);
      if (this.#open && address !== remote.address) this.#move(remote, address);
    } catch (error) {
      if (this.#open) this.#warn(`${remote.host} does not answer${whereOf(remote)}: ${reasonOf(error)}`);
    }
  }

  #move(remote: Remote, address: string): void {
    const key = keyOf(address);
    const there = this.#bySource.get(key);
    if (there && this.listed.includes(there)) {
      this.#warn(`${remote.host} is at ${address} now, which is the address of the remote ${there.host}: it gets no packets of its own`);
      return;
    }
    this.#options.log(`${remote.host} is at ${address} now${remote.address === '' ? '' : `, no longer at ${remote.address}`}`);
    if (remote.key !== undefined) this.#bySource.delete(remote.key);
    remote.moveTo(address);
    this.#bySource.set(key, remote);
    this.#options.moved?.();
  }
}

/** Returns whether a listed remote is not reached, so that its name should be resolved again. */
function isMissed({ host, address, failed, sent }: Remote, silence: number): boolean {
  return host !== address && (address === '' || failed || (sent && silence >= patience));
}

function whereOf({ address }: Remote): string {
  return address === '' ? '' : ` at ${address}`;
}

function mixed(host: string, family: IpFamily): EtherloomError {
  return new EtherloomError(
    'bad-address',
    `${host} has no address of IPv${family}, as the other remotes or local= have; use one version of IP for all`,
  );
}
