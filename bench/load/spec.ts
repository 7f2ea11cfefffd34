/**
 * The way of a station to the measured program: as a client of a VDE directory, with its description; by two socket names; by a network card
 * of the load's namespace; or as the far end of a tunnel.
 */
export type Place =
  | { readonly directory: string; readonly description?: string }
  | { readonly own: string; readonly peer: string }
  | { readonly card: string }
  | FarEnd;

/** The far end of a tunnel over IPv4: a socket whose packets the load makes and reads itself. */
export interface FarEnd {
  readonly tunnel: TunnelKind;
  /** A process in the network namespace of the far end. */
  readonly namespace: number;
  readonly local: string;
  readonly remote: string;
  /** The network identifier, or the GRE key. */
  readonly key: number;
}

/** The tunnels that a far end knows. */
export type TunnelKind = 'vxlan' | 'gre';

/**
 * The senders and receivers. `pair`: the first to the second. `flood`: the first to all. `all`: each to each in turn. Stations that only
 * receive send ten times a second all the same, so that no switch forgets where they are.
 */
export type Pattern = 'pair' | 'flood' | 'all';

/** The task of a load process. */
export interface LoadSpec {
  readonly stations: readonly Place[];
  /** Stations that are plugged in and never speak; they are not read either. */
  readonly idle: readonly Place[];
  readonly pattern: Pattern;
  /** Octets, without a frame check sequence. */
  readonly frameSize: number;
  /** True for packets of UDP over IPv4, which a guard looks into. Default: frames of a type of their own. */
  readonly ipv4?: boolean;
  /** How many frames may be under way at most, in all; undefined: as many as the kernel takes. */
  readonly window?: number;
  /** True if it looks for something to do all the time, where else it sleeps until there is. */
  readonly spin: boolean;
  /** Seconds of traffic before the measurement. */
  readonly warmup: number;
  /** Seconds of traffic that are measured; 0 for none. */
  readonly seconds: number;
  /** Seconds of ping-pong between the first two stations, afterwards; 0 for none. Without traffic it has the warm-up. */
  readonly pingSeconds: number;
  /** The processes that are measured. */
  readonly processes: readonly number[];
}

/** The findings of a load process. */
export interface LoadResult {
  /** Of the measured time: its length, in seconds. */
  readonly seconds: number;
  /** Of the measured time: frames that arrived where they belong, each copy of a broadcast counted. */
  readonly delivered: number;
  /** Of the measured time: what the measured processes used, in seconds. */
  readonly processorSeconds: number;
  /** Which part of that was in user space, from 0 to 1; undefined when no tick found a measured process running. */
  readonly userShare?: number;
  /** Of the measured time: what the load used itself, in seconds. */
  readonly loadProcessorSeconds: number;
  /** Of the measured time: the processor time of all other processes of the machine, in seconds. */
  readonly otherProcessorSeconds: number;
  /** Of the measured time: the processor time of the kernel's threads for network work that no process was charged with, in seconds. */
  readonly softirqSeconds: number;
  /** Of all traffic, the warm-up included: copies that should have arrived, and that did not until all was quiet. */
  readonly expected: number;
  readonly lost: number;
  /** Of all traffic: frames that came to a station that they were not for. */
  readonly strays: number;
  /** The memory of the measured processes when the traffic ends, in octets. */
  readonly memory: number;
  /** Of the ping-pong; undefined without one. */
  readonly roundTrips?: RoundTrips;
}

/** Times from sending a frame to the answer's arrival, in microseconds. */
export interface RoundTrips {
  readonly count: number;
  /** Pings without an answer within 100 ms. */
  readonly unanswered: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The processor time of the measured processes for each, in microseconds. */
  readonly processor: number;
}
