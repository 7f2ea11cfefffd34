/** The task of a load of DHCP clients. */
export interface DhcpLoadSpec {
  /** The VDE directory that the clients plug into. */
  readonly directory: string;
  /** How many clients there are; each has a MAC address and a client identifier of its own. */
  readonly clients: number;
  /** How many of them are in an exchange at a time, at most, while that is measured. */
  readonly window: number;
  /** How many ports of the switch they share. */
  readonly ports: number;
  /** True if each client gets its lease before anything is measured. */
  readonly fill: boolean;
  /** Seconds of exchanges before the measurement, up to 100 at a time; a quarter more with the window. */
  readonly warmup: number;
  /** Seconds that are measured; more, until there were as many exchanges as `window` says. */
  readonly seconds: number;
  /** The processes that are measured. */
  readonly processes: readonly number[];
}

/** The findings of a load of DHCP clients. All but the last four are of the measured time alone. */
export interface DhcpLoadResult {
  /** Its length, in seconds. */
  readonly seconds: number;
  /** Exchanges that ended with an ACK: DISCOVER, OFFER, REQUEST, ACK. */
  readonly exchanges: number;
  /** Messages that were sent once more, because no answer came for 4 s. */
  readonly retries: number;
  /** From a REQUEST until its ACK, in microseconds. */
  readonly ackP50: number;
  readonly ackP99: number;
  /** The processor time of the measured processes, in seconds. */
  readonly processorSeconds: number;
  /** The processor time of the load itself, in seconds. */
  readonly loadProcessorSeconds: number;
  /** The processor time of all other processes of the machine, in seconds. */
  readonly otherProcessorSeconds: number;
  /** Clients that hold a lease at the end. */
  readonly holders: number;
  /** Exchanges from the start to the end. */
  readonly allExchanges: number;
  /** Frames that are no answer to a client. */
  readonly strays: number;
  /** The memory of the measured processes, in octets. */
  readonly memory: number;
}

/** Returns the MAC address of client `n`, as a number. */
export function clientMac(n: number): number {
  return 0x0200_0001_0000 + n;
}
