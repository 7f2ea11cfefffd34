import { formatIp, parseIp } from '../../wire/ip.ts';
import { formatMac } from '../../wire/mac.ts';
import type { Managed } from '../managed.ts';
import { reads, Refusal, refused, sets, writes } from '../operation.ts';
import type { LoggedAddress } from '../services/address-log.ts';
import { formatRange, parseRange, versionOf } from '../services/ip-source.ts';
import type { Seconds } from './stations.ts';

/** The log of IP addresses. */
export interface AddressLogView {
  /** The path of its file, if it has one. */
  readonly file: string | undefined;
  /** In seconds, like `expire`. */
  readonly gcInterval: number;
  readonly expire: number;
}

/** A range of IP addresses. */
export interface RangeView {
  readonly version: 4 | 6;
  /** Such as `10.0.0.0/8`. */
  readonly range: string;
}

/** An IP address at a port. */
export interface AddressView {
  readonly version: 4 | 6;
  readonly address: string;
  readonly mac: string;
  readonly vlan: number;
  readonly port: number;
  readonly user: string;
}

/** Shows the settings of the log of addresses. */
export const showAddressLog = reads(
  'address.showinfo',
  'show the log file, and how long addresses are remembered',
  ({ addresses: { file, gcInterval, expire } }: Managed): AddressLogView => ({ file, gcInterval, expire }),
);

/** Writes new addresses to a file, or stops that. This setting is not saved, since the file is opened with the caller's rights. */
export const setAddressFile = writes(
  'address.logfile',
  'write new addresses to a file, or to none',
  ({ addresses }, { path }: { readonly path?: string | undefined }, { files }) => refused(addresses.logTo(path, files)),
);

/** A range of addresses in text, such as `10.0.0.0/8`. */
interface InRange {
  readonly range: string;
}

/** Remembers the addresses of a range. */
export const addRange = sets('address.ipadd', 'record the addresses of a range', ({ addresses }, { range: text }: InRange) => {
  const range = parseRange(text);
  return refused(range ? addresses.addRange(range) : 'EINVAL');
});

/** Removes a range, so that its addresses are no longer remembered. */
export const removeRange = sets('address.ipdel', 'stop recording the addresses of a range', ({ addresses }, { range: text }: InRange) => {
  const range = parseRange(text);
  if (!range) return new Refusal('EINVAL');
  return addresses.removeRange(range) ? undefined : new Refusal('ENOENT');
});

/** Lists the ranges, in the order of adding. */
export const listRanges = reads('address.ranges', 'list the ranges', ({ addresses }: Managed): readonly RangeView[] =>
  addresses.ranges.map((range) => ({ version: versionOf(range.address), range: formatRange(range) })),
);

/** Sets the interval of sweeps. Only 0 has an effect: then addresses never expire. */
export const setAddressSweeps = sets(
  'address.setgcint',
  'set the seconds between sweeps; 0: addresses never expire',
  ({ addresses }, { seconds }: Seconds): void => {
    addresses.gcInterval = seconds;
  },
);

/** Sets when a silent address expires. */
export const setAddressExpiry = sets(
  'address.setexpire',
  'set the seconds until a silent address is forgotten',
  ({ addresses }, { seconds }: Seconds): void => {
    addresses.expire = seconds;
  },
);

/** The arguments of a list of addresses: those at a port, those of a user, or a single one. Default: all. */
export interface ListAddresses {
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly address?: string | undefined;
}

/** Lists the known addresses: those of IPv4 first, then the longest silent first. */
export const listAddresses = reads(
  'address.list',
  'list all addresses',
  ({ accounts, addresses }: Managed, { port, user, address }: ListAddresses): readonly AddressView[] | Refusal => {
    // A user without a name is identified by number.
    if (user !== undefined && !/^\d+$/.test(user) && accounts.uid(user) === undefined) return new Refusal('EINVAL');
    const sought = address === undefined ? undefined : parseIp(address);
    if (address !== undefined && sought === undefined) return new Refusal('EINVAL');
    const isSought = (one: LoggedAddress): boolean =>
      (port === undefined || one.port === port) &&
      (user === undefined || one.user === user) &&
      (sought === undefined || one.address === sought);
    return addresses
      .list()
      .filter(isSought)
      .map((one) => ({
        version: one.version,
        address: formatIp(one.address),
        mac: formatMac(one.mac),
        vlan: one.vid,
        port: one.port,
        user: one.user,
      }));
  },
);
