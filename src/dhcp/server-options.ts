import type { Clock } from '../clock.ts';
import type { Bridge } from './bridge.ts';
import type { DhcpConfig } from './config.ts';
import type { DhcpEvent } from './events.ts';
import type { LeaseRecord, LeaseStore } from './lease-record.ts';

/** The parts of a server. */
export interface DhcpServerOptions {
  readonly config: DhcpConfig;
  readonly clock: Clock;
  readonly bridge: Bridge;
  readonly store: LeaseStore;
  /** The records of the store; none by default. */
  readonly records?: Iterable<LeaseRecord>;
  /** Called with each event at once; it must not call the server. */
  readonly event?: (event: DhcpEvent) => void;
}
