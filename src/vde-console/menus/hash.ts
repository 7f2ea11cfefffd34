import type { Managed } from '../../management/managed.ts';
import * as stations from '../../management/operations/stations.ts';
import type { LoopSign, StationMove } from '../../management/station-moves.ts';
import { formatMac, parseMac, type MacAddress } from '../../wire/mac.ts';
import { leadingInteger, oneNumber } from '../arguments.ts';
import { bucketOf } from '../buckets.ts';
import { heading, type Menu } from '../command.ts';
import type { Category, Events } from '../events.ts';
import { nothing, operate } from '../operate.ts';
import { octetPair, padded } from '../text.ts';

const heard: Category = { path: 'hash/+', tag: 0o011, help: 'hash: a station was learned' };
const moved: Category = { path: 'hash/move', tag: 0o013, help: 'hash: a station appeared behind another port, or there is a loop' };
const forgotten: Category = { path: 'hash/-', tag: 0o012, help: 'hash: a station was removed' };

/** Makes the menu of the known stations. */
export function hashMenu(managed: Managed, events: Events): Menu {
  const { command, query } = operate(managed);
  const bucketFor = ({ mac, vlan }: stations.StationView): number => bucketOf(parseMac(mac) ?? 0, vlan, managed.stationSettings.size);
  const line = (station: stations.StationView, bucket: number, port: number): string => {
    const place = `VLAN ${padded(station.vlan)} to port: ${padded(port, 3)}`;
    return `Hash: ${padded(bucket)} Addr: ${station.mac} ${place}  age ${Math.floor(station.age / 1000)} secs`;
  };
  const watching = watch(managed, events);
  return {
    commands: [
      heading('hash', 'the table of stations (MAC addresses)'),
      query('hash/showinfo', '', stations.showStationSettings, nothing, ({ size, gcInterval, expire, minPersistence }) => [
        `Hash size ${size}`,
        `GC interval ${gcInterval} secs`,
        `GC expire ${expire} secs`,
        `Min persistence ${minPersistence} secs`,
      ]),
      command('hash/setsize', 'N', stations.setTableSize, oneNumber('size')),
      command('hash/setgcint', 'N', stations.setSweeps, oneNumber('seconds')),
      command('hash/setexpire', 'N', stations.setExpiry, oneNumber('seconds')),
      command('hash/setminper', 'N', stations.setPersistence, oneNumber('seconds')),
      query('hash/print', '', stations.listStations, nothing, (all) => {
        const rows = all.map((station) => ({ station, bucket: bucketFor(station) }));
        rows.sort((a, b) => a.bucket - b.bucket || a.station.age - b.station.age);
        return rows.map(({ station, bucket }) => line(station, bucket, station.port));
      }),
      query(
        'hash/find',
        'MAC [VLAN]',
        stations.findStation,
        (argument) => {
          const [, text = '', vlan = ''] = /^(\S+)\s*(.*)$/s.exec(argument) ?? [];
          const mac = looseMac(text);
          return mac === undefined ? undefined : { mac: formatMac(mac), vlan: leadingInteger(vlan) };
        },
        (station) => [line(station, bucketFor(station), station.port + 1)],
        'show the port of a station, plus one (as VDE2 does)',
      ),
    ],
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  };
}

/** Emits events for stations that become known, move or are forgotten, until disposed of. */
function watch(managed: Managed, events: Events): Disposable {
  const categories = events.add([heard, forgotten, moved]);
  const stations = managed.switch.stationChanges.subscribe(({ known, vid: vlan, mac, port }) => {
    const category = known ? heard : forgotten;
    // The VLAN's lower octet comes first, only in these two events.
    const vlanText = octetPair(((vlan & 0xff) << 8) | (vlan >> 8));
    if (events.wanted(category)) events.emit(category, `${formatMac(mac)} VLAN ${vlanText} Port ${port}`);
  });
  const moves = managed.moves?.reports.subscribe((report) => {
    if (events.wanted(moved)) events.emit(moved, moveText(report));
  });
  return {
    [Symbol.dispose]: () => {
      stations[Symbol.dispose]();
      moves?.[Symbol.dispose]();
      categories[Symbol.dispose]();
    },
  };
}

/**
 * Formats a move: `02:00:00:00:00:01 VLAN 0000 Port 1 -> 2`; `held` if the station stays at the first, and `+N` for N more in the last
 * minute.
 */
function moveText(report: StationMove | LoopSign): string {
  if (report.kind === 'loop') return `loop Ports ${report.ports.join(' ')} Stations ${report.stations} Frames ${report.frames}`;
  const { mac, vid, from, to, stays, more } = report;
  return `${formatMac(mac)} VLAN ${padded(vid)} Port ${from} -> ${to}${stays ? ' held' : ''}${more > 0 ? ` +${more}` : ''}`;
}

/** Parses six octets in hexadecimal, with colons or dots. Extra leading digits and any text after them are ignored. [scanf(3), %x] */
function looseMac(text: string): MacAddress | undefined {
  const match = /^([\da-f]+)([:.])([\da-f]+)\2([\da-f]+)\2([\da-f]+)\2([\da-f]+)\2([\da-f]+)/i.exec(text);
  if (!match) return undefined;
  const octets = match.filter((_, i) => i === 1 || i > 2).map((digits) => parseInt(digits.slice(-2), 16));
  return octets.reduce((value, octet) => value * 0x100 + octet, 0) as MacAddress;
}
