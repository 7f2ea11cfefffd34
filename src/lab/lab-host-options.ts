import type { HostProgram } from './host-program.ts';
import { stationWords, type StationLink } from './plugs.ts';
import type { Wording } from './words.ts';

/** The options of a host of the lab. Addresses are text. */
export interface LabHostOptions {
  /** By default an address made from the order of adding. */
  readonly mac?: string;
  /**
   * Its address, as `10.0.0.1/8`. By default 10.0.0.1/8 of the first station, 10.0.0.2/8 of the second, and so on, or the next free one;
   * none with `dhcp`.
   */
  readonly ip?: string;
  /** The router of its network. Default: none. */
  readonly router?: string;
  /** True if it asks for its address. Default: false. */
  readonly dhcp?: boolean;
  /** True if it has a link-local IPv6 address. Default: false, and true with `ip6`. */
  readonly ipv6?: boolean;
  /** The IPv6 address that it has beside its link-local one, as `fd00::1/64`. Default: none. */
  readonly ip6?: string;
  /** The router of its IPv6 network. Default: none. */
  readonly router6?: string;
  /** Its program, which runs from its start on, and again after each crash. Default: none. */
  readonly program?: HostProgram;
  /** The latency of all operations of its disk, in milliseconds. Default: 0. */
  readonly diskLatency?: number;
}

/** The options of a ping. */
export interface PingOptions {
  /** How long to wait for the answer, in milliseconds. Default: 4,000; by then ARP has asked three times, and given up. */
  readonly timeout?: number;
  /** True if a host is pinged by its link-local IPv6 address. Default: false. */
  readonly ipv6?: boolean;
  /**
   * The number of octets that are sent and returned, without headers; more than 1,472, or 1,452 over IPv6, are fragmented. Default: 56, as
   * with `ping -s`.
   */
  readonly size?: number;
  /** True if it must not be sent in fragments. Default: false. */
  readonly dontFragment?: boolean;
}

/** The options of a host and its link, as the notation has them. */
export const hostWords = {
  ...stationWords,
  ip: 'text',
  router: 'text',
  dhcp: 'flag',
  ipv6: 'flag',
  ip6: 'text',
  router6: 'text',
  diskLatency: 'number',
} as const satisfies Wording<StationLink & Omit<LabHostOptions, 'program'>>;

/** The options of a host and its link, with its program. */
export const hostOptionWords = { ...hostWords, program: 'function' } as const satisfies Wording<StationLink & LabHostOptions>;

/** The options of a ping, as the notation has them. */
export const pingWords = { timeout: 'number', size: 'number', dontFragment: 'flag' } as const satisfies Partial<Wording<PingOptions>>;

/** The options of a ping. */
export const pingOptionWords = { ...pingWords, ipv6: 'flag' } as const satisfies Wording<PingOptions>;
