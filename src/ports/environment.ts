import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Loop } from '../system/loop.ts';
import type { BacklogBudget } from './pure/backlog.ts';
import type { Breath } from './pure/port.ts';
import type { NamedSocket } from './socket-file.ts';

/** The environment of every driver with I/O: the daemon makes one for the process. */
export interface PortEnvironment {
  readonly clock: Clock;
  readonly breath: Breath;
  /** Calls `done` at the end of this breath, when frames that the port received in it are no longer in use. For use inside a breath. */
  readonly release: (done: () => void) => void;
  readonly loop: Loop;
  readonly budget: BacklogBudget;
  /** Logs events in the outside world, for people; never called per frame. */
  readonly log: Log;
  /** A 32-bit number that other hosts cannot guess, for tables of stations; by default 0. See FdbOptions. */
  readonly seed?: number;
  /** The sockets that clients find by a name, while they are open. Default: no list is kept. */
  readonly named?: Set<NamedSocket>;
}
