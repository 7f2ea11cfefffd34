import { uidOf } from '../../ports/peer.ts';
import type { PortNumber } from '../../switch/switch.ts';
import { formatMac } from '../../wire/mac.ts';
import { leadingInteger } from '../arguments.ts';
import type { OpenFile } from '../../management/files.ts';
import { command, heading, query, type Menu } from '../command.ts';
import type { Category, Events } from '../events.ts';
import type { Managed } from '../../management/managed.ts';
import type { Plugin } from '../menus/plugins.ts';
import { formatIp, isInRange, parseIp, parseRange, sourceIpOf, type IpRange, type IpSource } from './ip-source.ts';

const newIp: Category = { path: 'iplog/newip', tag: 0o301, help: 'an IP address appeared or moved' };

/** So many addresses are remembered; whoever invents more drives out the longest silent. */
const mostEntries = 16_384;

/** Each frame is compared with all of them. */
const mostRanges = 1_024;

interface Entry extends IpSource {
  readonly port: PortNumber;
  readonly user: string;
  heardAt: number;
}

/** Remembers which IP address is at which port, and writes it down. */
export function iplogPlugin(managed: Managed, events: Events): Plugin {
  return { name: 'iplog', help: 'record the port of each IP address', open: () => new IpLog(managed, events).menu() };
}

class IpLog {
  readonly #managed: Managed;
  readonly #events: Events;
  readonly #tap: Disposable;
  readonly #category: Disposable;
  /** By address, the longest silent first. */
  readonly #entries = new Map<string, Entry>();
  #ranges: IpRange[] = [];
  #file: { readonly path: string; readonly file: OpenFile } | undefined;
  #gcInterval = 10;
  #expire = 360;

  constructor(managed: Managed, events: Events) {
    this.#managed = managed;
    this.#events = events;
    this.#category = events.add([newIp]);
    this.#tap = managed.taps.add((direction, port, frame) => {
      if (direction === 'in' && managed.switch.port(port)?.quiet !== true) this.#hear(port, frame);
    });
  }

  menu(): Menu {
    return {
      commands: [
        heading('iplog', 'which IP address is at which port'),
        query('iplog/showinfo', '', 'log file, and how long addresses are remembered', ({ print }) => {
          print('iplog: ip/port/user logging plugin');
          print(this.#file ? `log on file ${this.#file.path}` : 'log disabled');
          print(`GC interval ${this.#gcInterval} secs`);
          print(`GC expire ${this.#expire} secs`);
          return 'success';
        }),
        command('iplog/logfile', 'pathname', 'note new addresses in a file; without one, do not', ({ argument, giver }) => {
          const file = argument === '' ? undefined : giver.files.open(argument, 'append');
          if (typeof file === 'string') return file;
          this.#file?.file[Symbol.dispose]();
          this.#file = file && { path: argument, file };
          return 'success';
        }),
        command('iplog/ipadd', 'ipaddr/mask', 'note the addresses of a range', ({ argument }) => {
          const range = parseRange(argument);
          if (!range) return 'EINVAL';
          if (this.#ranges.some((one) => rangeText(one) === rangeText(range))) return 'EEXIST';
          if (this.#ranges.length >= mostRanges) return 'ENOSPC';
          this.#ranges.push(range);
          return 'success';
        }),
        command('iplog/ipdel', 'ipaddr/mask', 'do not note them any more', ({ argument }) => {
          const range = parseRange(argument);
          if (!range) return 'EINVAL';
          const text = rangeText(range);
          const kept = this.#ranges.filter((one) => rangeText(one) !== text);
          if (kept.length === this.#ranges.length) return 'ENOENT';
          this.#ranges = kept;
          return 'success';
        }),
        query('iplog/list', '', 'the ranges', ({ print }) => {
          for (const version of [4, 6])
            this.#ranges
              .filter((one) => one.version === version)
              .map(rangeText)
              .forEach(print);
          return 'success';
        }),
        command('iplog/setgcint', 'N', 'seconds between sweeps', ({ argument }) => {
          this.#gcInterval = leadingInteger(argument);
          return 'success';
        }),
        command('iplog/setexpire', 'N', 'seconds that a silent address is remembered', ({ argument }) => {
          this.#expire = leadingInteger(argument);
          return 'success';
        }),
        this.#list('iplog/iplist', '', 'all addresses', () => () => true),
        this.#list(
          'iplog/ipport',
          'port',
          'those at a port',
          (argument) =>
            ({ port }) =>
              port === leadingInteger(argument),
        ),
        this.#list('iplog/ipuser', 'user', 'those of a user', (argument) =>
          this.#isUser(argument) ? ({ user }) => user === argument : undefined,
        ),
        this.#list('iplog/ipsearch', 'ipaddr', 'where an address is', (argument) => {
          const sought = parseIp(argument);
          return sought && (({ version, address }) => version === sought.version && address === sought.address);
        }),
      ],
      [Symbol.dispose]: () => {
        this.#tap[Symbol.dispose]();
        this.#category[Symbol.dispose]();
        this.#file?.file[Symbol.dispose]();
      },
    };
  }

  #list(path: string, syntax: string, help: string, filter: (argument: string) => ((entry: Entry) => boolean) | undefined) {
    return query(path, syntax, help, ({ argument, print }) => {
      const shown = filter(argument);
      if (!shown) return 'EINVAL';
      this.#sweep();
      const entries = [...this.#entries.values()].filter(shown);
      entries.sort((a, b) => a.version - b.version);
      for (const entry of entries) print(`ipv${entry.version} ${formatIp(entry)} port=${entry.port} user=${entry.user}`);
      return 'success';
    });
  }

  /** Whether there may be such a user; those without a name are shown by their numbers. */
  #isUser(name: string): boolean {
    return /^\d+$/.test(name) || this.#managed.accounts.uid(name) !== undefined;
  }

  #hear(port: PortNumber, frame: Uint8Array): void {
    const source = sourceIpOf(frame);
    if (!source || !this.#ranges.some((range) => isInRange(source, range))) return;
    const key = `${source.version} ${source.address}`;
    const known = this.#entries.get(key);
    // The map is in the order of hearing.
    this.#entries.delete(key);
    const now = this.#managed.clock.monotonic();
    if (known?.port === port) {
      known.heardAt = now;
      this.#entries.set(key, known);
      return;
    }
    if (this.#entries.size >= mostEntries) this.#entries.delete(this.#entries.keys().next().value ?? '');
    const endpoint = this.#managed.ports.at(port)?.[0];
    const uid = uidOf(endpoint?.peer);
    const user = uid === undefined ? 'NONE' : (this.#managed.accounts.userName(uid) ?? String(uid));
    this.#entries.set(key, { ...source, port, user, heardAt: now });
    const where = `mac=${formatMac(source.mac)} port=${port} vlan=${source.vid} user=${user} "${endpoint?.description ?? ''}"`;
    const text = `ipv${source.version} ${formatIp(source)} ${where}`;
    this.#events.emit(newIp, text);
    this.#file?.file.write(new TextEncoder().encode(`${this.#managed.localTime()} ${text}\n`));
  }

  /** What is too old goes, and what was at ports that nobody is at. */
  #sweep(): void {
    const now = this.#managed.clock.monotonic();
    for (const [key, { heardAt, port }] of this.#entries) {
      const stale = this.#gcInterval !== 0 && now - heardAt > this.#expire * 1000;
      if (stale || (this.#managed.ports.at(port)?.length ?? 0) === 0) this.#entries.delete(key);
    }
  }
}

function rangeText(range: IpRange): string {
  return `  ipv${range.version}: ${formatIp(range)}/${range.length}`;
}
