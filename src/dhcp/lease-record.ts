/** The part of a lease that outlives the process, and its store. */
import { formatIpv4, parseIpv4, type Ipv4Address } from '../wire/ipv4.ts';
import { formatMac, parseMac, type MacAddress } from '../wire/mac.ts';

/** The latest state of an address. Times are wall time in whole seconds, since the next process must read them the same way. */
export interface LeaseRecord {
  readonly address: Ipv4Address;
  /**
   * `bound`: the client may use it until `since + duration`. `released`: it is free, but the client is remembered. `forgotten`: there is no
   * information about it.
   */
  readonly state: 'bound' | 'released' | 'forgotten';
  /** The identity of the client: the key by which the server knows it. */
  readonly key: string;
  readonly mac: MacAddress;
  /** The time of the last lease, in seconds since 1970. */
  readonly since: number;
  /** Seconds; 0xffffffff means for ever. */
  readonly duration: number;
  readonly hostname?: string;
}

/** The store of records. Both calls return at once, and report the outcome through `done`, in the order of the calls. */
export interface LeaseStore {
  /** Stores the record. `done()` means that it survives a crash of the machine; `done(error)` means that it may not. */
  append(record: LeaseRecord, done: (error?: Error) => void): void;
  /** Tries to write again after an error. `done()` means that `append` works once more. */
  recover(done: (error?: Error) => void): void;
}

/** A store that keeps nothing, for networks that end with their process. */
export const volatileLeaseStore: LeaseStore = {
  append: (_record, done) => done(),
  recover: (done) => done(),
};

/** Returns whether both have the same content for the same address. */
export function isSameRecord(a: LeaseRecord, b: LeaseRecord): boolean {
  const isSameClient = a.key === b.key && a.mac === b.mac && a.hostname === b.hostname;
  return isSameClient && a.address === b.address && a.state === b.state && a.since === b.since && a.duration === b.duration;
}

/** Encodes the record as a line of JSON, without the line's end. */
export function encodeLeaseRecord(record: LeaseRecord): string {
  return JSON.stringify({ ...record, address: formatIpv4(record.address), mac: formatMac(record.mac) });
}

/** Decodes such a line. Returns undefined if any part of it is not valid. */
export function decodeLeaseRecord(line: string): LeaseRecord | undefined {
  const value = parseObject(line);
  const [address, mac] = [parseIpv4(textOf(value['address'])), parseMac(textOf(value['mac']))];
  const { state, key, since, duration, hostname } = value;
  if (address === undefined || mac === undefined || typeof key !== 'string' || !isSeconds(since) || !isSeconds(duration)) return undefined;
  if (state !== 'bound' && state !== 'released' && state !== 'forgotten') return undefined;
  if (typeof hostname === 'string') return { address, state, key, mac, since, duration, hostname };
  return { address, state, key, mac, since, duration };
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
