import type { FdbEntry, PortNumber } from '../../switch/switch.ts';
import { vid } from '../../wire/dot1q.ts';
import { formatMac, type MacAddress } from '../../wire/mac.ts';
import { leadingInteger } from '../arguments.ts';
import { command, heading, query, type Menu } from '../command.ts';
import type { Category, Events } from '../events.ts';
import type { Managed } from '../../management/managed.ts';
import type { LoopSign, StationMove } from '../../management/station-moves.ts';
import { bucketOf, bucketsFor, type StationSettings } from '../station-settings.ts';
import { octetPair, padded } from '../text.ts';

const heard: Category = { path: 'hash/+', tag: 0o011, help: 'hash: a station was learned' };
const moved: Category = { path: 'hash/move', tag: 0o013, help: 'hash: a station is heard behind another port, or a loop is' };
const forgotten: Category = { path: 'hash/-', tag: 0o012, help: 'hash: a station was removed' };

/** Beyond this there is no VLAN. */
const lastVlan = 4095;

/** No table of the original is useful beyond this. */
const mostBuckets = 2 ** 24;

/** The stations that are known. */
export function hashMenu(managed: Managed, events: Events, settings: StationSettings): Menu {
  const bridge = managed.switch;
  const categories = events.add([heard, forgotten, moved]);
  const stations = bridge.stationChanges.subscribe(({ known, vid: vlan, mac, port }) => {
    const category = known ? heard : forgotten;
    // The lower octet of the VLAN is in front, in these two events alone.
    const vlanText = octetPair(((vlan & 0xff) << 8) | (vlan >> 8));
    if (events.wanted(category)) events.emit(category, `${formatMac(mac)} VLAN ${vlanText} Port ${port}`);
  });
  const moves = managed.moves?.reports.subscribe((report) => {
    if (events.wanted(moved)) events.emit(moved, moveText(report));
  });
  const setting = (name: 'gcInterval' | 'expire' | 'minPersistence', path: string, help: string) =>
    command(path, 'N', help, ({ argument }) => {
      settings[name] = leadingInteger(argument);
      return 'success';
    });
  const bucketOfEntry = (entry: FdbEntry<PortNumber>): number => bucketOf(entry.mac, entry.vid, settings.size);
  const line = (entry: FdbEntry<PortNumber>, bucket: number, port: PortNumber): string => {
    const place = `VLAN ${padded(entry.vid)} to port: ${padded(port, 3)}`;
    return `Hash: ${padded(bucket)} Addr: ${formatMac(entry.mac)} ${place}  age ${Math.floor(entry.age / 1000)} secs`;
  };
  return {
    commands: [
      heading('hash', 'the table of stations (MAC addresses)'),
      query('hash/showinfo', '', 'show the settings of the table', ({ print }) => {
        print(`Hash size ${settings.size}`);
        print(`GC interval ${settings.gcInterval} secs`);
        print(`GC expire ${settings.expire} secs`);
        print(`Min persistence ${settings.minPersistence} secs`);
        return 'success';
      }),
      command('hash/setsize', 'N', 'empty the table and set the number of buckets that it shows', ({ argument }) => {
        const size = leadingInteger(argument);
        if (size <= 0 || size > mostBuckets) return 'EINVAL';
        settings.size = bucketsFor(size);
        bridge.flush();
        return 'success';
      }),
      setting('gcInterval', 'hash/setgcint', 'set the seconds between sweeps; 0: entries never expire'),
      setting('expire', 'hash/setexpire', 'set the seconds until a silent station expires'),
      setting('minPersistence', 'hash/setminper', 'set the seconds of silence before a station can move to another port'),
      query('hash/print', '', 'list the stations and their ports', ({ print }) => {
        const entries = [...bridge.entries()].map((entry) => ({ entry, bucket: bucketOfEntry(entry) }));
        entries.sort((a, b) => a.bucket - b.bucket || a.entry.age - b.entry.age);
        for (const { entry, bucket } of entries) print(line(entry, bucket, entry.port));
        return 'success';
      }),
      query('hash/find', 'MAC [VLAN]', 'show the port of a station, plus one (as VDE2 does)', ({ argument, print }) => {
        const [, text = '', vlan = ''] = /^(\S+)\s*(.*)$/s.exec(argument) ?? [];
        const mac = looseMac(text);
        if (mac === undefined) return 'EINVAL';
        const number = leadingInteger(vlan);
        const entry = number >= 0 && number <= lastVlan ? bridge.station(vid(number), mac) : undefined;
        if (!entry) return 'ENODEV';
        print(line(entry, bucketOfEntry(entry), entry.port + 1));
        return 'success';
      }),
    ],
    [Symbol.dispose]: () => {
      stations[Symbol.dispose]();
      moves?.[Symbol.dispose]();
      categories[Symbol.dispose]();
    },
  };
}

/** `02:00:00:00:00:01 VLAN 0000 Port 1 -> 2`; `held` where it stays at the first, and `+N` for N more in the last minute. */
function moveText(report: StationMove | LoopSign): string {
  if (report.kind === 'loop') return `loop Ports ${report.ports.join(' ')} Stations ${report.stations} Frames ${report.frames}`;
  const { mac, vid, from, to, stays, more } = report;
  return `${formatMac(mac)} VLAN ${padded(vid)} Port ${from} -> ${to}${stays ? ' held' : ''}${more > 0 ? ` +${more}` : ''}`;
}

/** Six octets in hexadecimal, with colons or dots; what comes behind them, and what is too much in front, does not count. [scanf(3), %x] */
function looseMac(text: string): MacAddress | undefined {
  const match = /^([\da-f]+)([:.])([\da-f]+)\2([\da-f]+)\2([\da-f]+)\2([\da-f]+)\2([\da-f]+)/i.exec(text);
  if (!match) return undefined;
  const octets = match.filter((_, i) => i === 1 || i > 2).map((digits) => parseInt(digits.slice(-2), 16));
  return octets.reduce((value, octet) => value * 0x100 + octet, 0) as MacAddress;
}
