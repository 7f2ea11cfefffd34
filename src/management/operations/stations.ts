import type { FdbEntry, PortNumber } from '../../switch/switch.ts';
import { vid } from '../../wire/dot1q.ts';
import { formatMac, parseMac } from '../../wire/mac.ts';
import type { Managed } from '../managed.ts';
import { reads, Refusal, sets } from '../operation.ts';
import { bucketsFor } from '../services/station-settings.ts';

/** The settings of the station table, in VDE's terms. */
export interface StationSettingsView {
  /** The number of buckets that the console shows. */
  readonly size: number;
  /** In seconds, like the other times. */
  readonly gcInterval: number;
  readonly expire: number;
  readonly minPersistence: number;
}

/** A station. */
export interface StationView {
  readonly vlan: number;
  readonly mac: string;
  readonly port: PortNumber;
  /** The milliseconds since a frame of it was received. */
  readonly age: number;
}

/** The highest identifier of a VLAN. */
const lastVid = 4095;

/** The most buckets. VDE gains nothing from larger tables. */
const mostBuckets = 2 ** 24;

/** Shows the settings of the station table. */
export const showStationSettings = reads(
  'station.showinfo',
  'show the settings of the table of stations',
  ({ stationSettings: { size, gcInterval, expire, minPersistence } }: Managed): StationSettingsView => ({
    size,
    gcInterval,
    expire,
    minPersistence,
  }),
);

/** Forgets all stations, and sets the number of buckets that the console shows. */
export const setTableSize = sets(
  'station.setsize',
  'empty the table of stations, and set the number of buckets that the console shows',
  ({ stationSettings, switch: bridge }, { size }: { readonly size: number }) => {
    if (size <= 0 || size > mostBuckets) return new Refusal('EINVAL');
    stationSettings.size = bucketsFor(size);
    bridge.flush();
    return undefined;
  },
);

/** A time, as VDE's console takes it: any number of 32 bits. */
export interface Seconds {
  readonly seconds: number;
}

/** Sets the interval of sweeps. Only 0 has an effect: then stations never expire. */
export const setSweeps = sets(
  'station.setgcint',
  'set the seconds between sweeps; 0: entries never expire',
  ({ stationSettings }, { seconds }: Seconds): void => {
    stationSettings.gcInterval = seconds;
  },
);

/** Sets when a silent station expires. */
export const setExpiry = sets(
  'station.setexpire',
  'set the seconds until a silent station expires',
  ({ stationSettings }, { seconds }: Seconds): void => {
    stationSettings.expire = seconds;
  },
);

/** Sets when a silent station can move. */
export const setPersistence = sets(
  'station.setminper',
  'set the seconds of silence before a station can move to another port',
  ({ stationSettings }, { seconds }: Seconds): void => {
    stationSettings.minPersistence = seconds;
  },
);

/** Lists the stations: port by port, the longest silent first. */
export const listStations = reads(
  'station.list',
  'list the stations and their ports',
  ({ switch: bridge }: Managed): readonly StationView[] => [...bridge.entries()].map(viewOf),
);

/** Finds a station in a VLAN. Default: VLAN 0. */
export const findStation = reads(
  'station.find',
  'show the port of a station',
  ({ switch: bridge }: Managed, { mac, vlan = 0 }: { readonly mac: string; readonly vlan?: number | undefined }) => {
    const address = parseMac(mac);
    if (address === undefined) return new Refusal('EINVAL');
    const entry = vlan >= 0 && vlan <= lastVid ? bridge.station(vid(vlan), address) : undefined;
    return entry ? viewOf(entry) : new Refusal('ENODEV');
  },
);

function viewOf({ vid, mac, port, age }: FdbEntry<PortNumber>): StationView {
  return { vlan: vid, mac: formatMac(mac), port, age };
}
