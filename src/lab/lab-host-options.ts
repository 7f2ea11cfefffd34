import type { HostProgram } from './host-program.ts';
import { stationWords, type StationLink } from './plugs.ts';
import type { Wording } from './words.ts';

/** What a host of the lab is like. Addresses are in text. */
export interface LabHostOptions {
  /** By default one that is made from the order of adding. */
  readonly mac?: string;
  /** Its address, as `10.0.0.1/8`. By default 10.0.0.1/8 of the first station, 10.0.0.2/8 of the second, and so on, or the next one that is free; none with `dhcp`. */
  readonly ip?: string;
  /** The way out of its network. Default: none. */
  readonly router?: string;
  /** Whether it asks for its address. Default: false. */
  readonly dhcp?: boolean;
  /** Whether it has a link-local IPv6 address. Default: false, and true with `ip6`. */
  readonly ipv6?: boolean;
  /** The IPv6 address that it has beside that of the link, as `fd00::1/64`. Default: none. */
  readonly ip6?: string;
  /** The way out of its IPv6 network. Default: none. */
  readonly router6?: string;
  /** What it does from its start on, and again after each crash. Default: nothing. */
  readonly program?: HostProgram;
  /** How long its disk takes for whatever it does, in milliseconds. Default: 0. */
  readonly diskLatency?: number;
}

/** How a ping is made. */
export interface PingOptions {
  /** How long the answer is waited for, in milliseconds. Default: 4,000: by then ARP has asked three times, and given up. */
  readonly timeout?: number;
  /** Whether a host is pinged by its link-local IPv6 address. Default: false. */
  readonly ipv6?: boolean;
  /** How many octets are sent, and come back, beside the headers; more than 1,472 of them, 1,452 over IPv6, go in fragments. Default: 56, as `ping -s` has it. */
  readonly size?: number;
  /** Whether it may not be sent in fragments. Default: false. */
  readonly dontFragment?: boolean;
}

/** The options of a host and its link, as the notation has them. */
export const hostWords = {
  ...stationWords,
  ...{ ip: 'text', router: 'text', dhcp: 'flag', ipv6: 'flag', ip6: 'text', router6: 'text', diskLatency: 'number' },
} as const satisfies Wording<StationLink & Omit<LabHostOptions, 'program'>>;

/** The options of a host and its link, with its program. */
export const hostOptionWords = { ...hostWords, program: 'function' } as const satisfies Wording<StationLink & LabHostOptions>;

/** The options of a ping, as the notation has them. */
export const pingWords = { timeout: 'number', size: 'number', dontFragment: 'flag' } as const satisfies Partial<Wording<PingOptions>>;

/** The options of a ping. */
export const pingOptionWords = { ...pingWords, ipv6: 'flag' } as const satisfies Wording<PingOptions>;
