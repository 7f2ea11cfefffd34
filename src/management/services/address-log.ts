import type { Clock } from '../../clock.ts';
import { Feed } from '../../feed.ts';
import type { FrameTaps } from '../../plane/frame-taps.ts';
import { uidOf } from '../../ports/pure/peer.ts';
import type { PortNumber, Switch } from '../../switch/switch.ts';
import { formatIp, type IpAddress } from '../../wire/ip.ts';
import { formatMac } from '../../wire/mac.ts';
import type { Files, OpenFile } from '../files.ts';
import type { Endpoint, PortTable } from '../port-table.ts';
import type { Status } from '../status.ts';
import { isInRange, sourceIpOf, type IpRange, type IpSource } from './ip-source.ts';

/** The parts of a switch that the log of addresses uses. */
export interface AddressSources {
  readonly switch: Switch;
  readonly ports: PortTable<Endpoint>;
  readonly taps: FrameTaps;
  readonly clock: Clock;
  readonly accounts: { readonly userName: (uid: number) => string | undefined };
  /** Returns the local time in the form of a log: `Nov 24 06:20:01`. */
  readonly localTime: () => string;
}

/** An IP address at a port. */
export interface LoggedAddress extends IpSource {
  readonly port: PortNumber;
  /** The user of the port's first endpoint, by name or number; `NONE` without one. */
  readonly user: string;
}

/** An IP address that appeared, or moved to another port. */
export interface AddressSighting extends LoggedAddress {
  /** The description of the port's first endpoint. */
  readonly description: string;
}

interface Entry extends LoggedAddress {
  heardAt: number;
}

/** The most addresses that are remembered. Beyond that number, the one that has been silent longest is forgotten. */
const mostEntries = 16_384;

/** The most ranges. Each frame is compared with all of them. */
const mostRanges = 1_024;

/** The times of a new log, in seconds. These are the defaults. */
const usual = { gcInterval: 10, expire: 360 } as const;

/** A log of the ports of IP addresses in some ranges, optionally written to a file. Without ranges it sees no frames. */
export class AddressLog implements Disposable {
  readonly sightings = new Feed<AddressSighting>();
  /** The seconds between sweeps. Only 0 has an effect: then addresses never expire. */
  gcInterval: number = usual.gcInterval;
  /** The seconds for which a silent address is remembered. */
  expire: number = usual.expire;
  readonly #sources: AddressSources;
  /** The entries by address, the longest silent first. */
  readonly #entries = new Map<IpAddress, Entry>();
  #ranges: readonly IpRange[] = [];
  #file: { readonly path: string; readonly file: OpenFile } | undefined;
  #tap: Disposable | undefined;

  constructor(sources: AddressSources) {
    this.#sources = sources;
  }

  /** The path of the log file, if there is one. */
  get file(): string | undefined {
    return this.#file?.path;
  }

  /** The ranges whose addresses are remembered, in the order of adding. */
  get ranges(): readonly IpRange[] {
    return this.#ranges;
  }

  /** Writes new addresses to a file from now on, or stops that. Returns the reason if that fails; then the log is unchanged. */
  logTo(path: string | undefined, files: Files): Status {
    const file = path === undefined ? undefined : files.open(path, 'append');
    if (typeof file === 'string') return file;
    this.#file?.file[Symbol.dispose]();
    this.#file = path === undefined || file === undefined ? undefined : { path, file };
    return 'success';
  }

  /** Adds a range of addresses to remember. Returns the reason if that fails. */
  addRange(range: IpRange): Status {
    if (this.#ranges.some((one) => isSame(one, range))) return 'EEXIST';
    if (this.#ranges.length >= mostRanges) return 'ENOSPC';
    this.#setRanges([...this.#ranges, range]);
    return 'success';
  }

  /** Removes a range. Returns true if it was there. */
  removeRange(range: IpRange): boolean {
    const kept = this.#ranges.filter((one) => !isSame(one, range));
    if (kept.length === this.#ranges.length) return false;
    this.#setRanges(kept);
    return true;
  }

  /** Returns the known addresses: those of IPv4 first, then the longest silent first. */
  list(): readonly LoggedAddress[] {
    this.#sweep();
    return [...this.#entries.values()].sort((a, b) => a.version - b.version);
  }

  /** Resets the log: no ranges, no addresses, no file. */
  reset(): void {
    this.gcInterval = usual.gcInterval;
    this.expire = usual.expire;
    this.#setRanges([]);
    this.#entries.clear();
    this.#file?.file[Symbol.dispose]();
    this.#file = undefined;
  }

  [Symbol.dispose](): void {
    this.reset();
  }

  #setRanges(ranges: readonly IpRange[]): void {
    this.#ranges = ranges;
    if (ranges.length > 0) this.#tap ??= this.#sources.taps.add((direction, port, frame) => direction === 'in' && this.#hear(port, frame));
    else {
      this.#tap?.[Symbol.dispose]();
      this.#tap = undefined;
    }
  }

  #hear(port: PortNumber, frame: Uint8Array): void {
    const { clock, ports, switch: bridge } = this.#sources;
    if (bridge.port(port)?.quiet === true) return;
    const source = sourceIpOf(frame);
    if (!source || !this.#ranges.some((range) => isInRange(source.address, range))) return;
    const key = source.address;
    const known = this.#entries.get(key);
    // The map is in the order of the last frames.
    this.#entries.delete(key);
    const heardAt = clock.monotonic();
    if (known?.port === port) {
      known.heardAt = heardAt;
      this.#entries.set(key, known);
      return;
    }
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= mostEntries && oldest !== undefined) this.#entries.delete(oldest);
    const endpoint = ports.at(port)?.[0];
    const entry = { ...source, port, user: this.#userOf(endpoint), heardAt };
    this.#entries.set(key, entry);
    this.#tell({ ...entry, description: endpoint?.description ?? '' });
  }

  #userOf(endpoint: Endpoint | undefined): string {
    const uid = uidOf(endpoint?.peer);
    return uid === undefined ? 'NONE' : (this.#sources.accounts.userName(uid) ?? String(uid));
  }

  #tell(sighting: AddressSighting): void {
    this.sightings.emit(sighting);
    this.#file?.file.write(new TextEncoder().encode(`${this.#sources.localTime()} ${describeSighting(sighting)}\n`));
  }

  /** Forgets addresses that have been silent for too long, and those at ports without endpoints. */
  #sweep(): void {
    const { clock, ports } = this.#sources;
    const now = clock.monotonic();
    for (const [key, { heardAt, port }] of this.#entries) {
      const stale = this.gcInterval !== 0 && now - heardAt > this.expire * 1000;
      if (stale || (ports.at(port)?.length ?? 0) === 0) this.#entries.delete(key);
    }
  }
}

/** Formats a sighting for the log file and for the event, in VDE's form. */
export function describeSighting(sighting: AddressSighting): string {
  const { version, address, mac, port, vid, user, description } = sighting;
  return `ipv${version} ${formatIp(address)} mac=${formatMac(mac)} port=${port} vlan=${vid} user=${user} "${description}"`;
}

function isSame(a: IpRange, b: IpRange): boolean {
  return a.length === b.length && a.address === b.address;
}
