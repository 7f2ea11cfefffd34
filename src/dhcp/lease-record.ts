/** What of a lease outlives the process, and where it is put. */
import { formatIpv4, parseIpv4, type Ipv4Address } from '../wire/ipv4.ts';
import { formatMac, parseMac, type MacAddress } from '../wire/mac.ts';

/** The last word on an address. Times are wall time in whole seconds, since they must mean the same to the next process. */
export interface LeaseRecord {
  readonly address: Ipv4Address;
  /**
   * `bound`: the client may use it until `since + duration`. `released`: nobody may, but the client is remembered. `forgotten`: nothing
   * is known of it.
   */
  readonly state: 'bound' | 'released' | 'forgotten';
  /** Who the client is: the key by which the server knows it. */
  readonly key: string;
  readonly mac: MacAddress;
  /** When it was leased last, in seconds since 1970. */
  readonly since: number;
  /** For how many seconds; 0xffffffff is for ever. */
  readonly duration: number;
  readonly hostname?: string;
}

/** Where records are put. Both calls return at once and tell the outcome through `done`, in the order of the calls. */
export interface LeaseStore {
  /** Keeps the record. `done()` means it is there after a crash of the machine; `done(error)` means it may not be. */
  append(record: LeaseRecord, done: (error?: Error) => void): void;
  /** After an error: tries to write again. `done()` means that `append` works once more. */
  recover(done: (error?: Error) => void): void;
}

/** A store that keeps nothing: for networks that end with their process. */
export const volatileLeaseStore: LeaseStore = {
  append: (_record, done) => done(),
  recover: (done) => done(),
};

/** Whether both say the same of the same address. */
export function isSameRecord(a: LeaseRecord, b: LeaseRecord): boolean {
  const isSameClient = a.key === b.key && a.mac === b.mac && a.hostname === b.hostname;
  return isSameClient && a.address === b.address && a.state === b.state && a.since === b.since && a.duration === b.duration;
}

/** The record as a line of JSON, without the line's end. */
export function encodeLeaseRecord(record: LeaseRecord): string {
  return JSON.stringify({ ...record, address: formatIpv4(record.address), mac: formatMac(record.mac) });
}

/** The record in such a line. Undefined when anything about it is not right. */
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
