import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Loop } from '../system/loop.ts';
import type { BacklogBudget } from './backlog.ts';
import type { Breath } from './port.ts';
import type { NamedSocket } from './socket-file.ts';

/** What every driver with I/O is given: the daemon makes one for the process. */
export interface PortEnvironment {
  readonly clock: Clock;
  readonly breath: Breath;
  readonly loop: Loop;
  readonly budget: BacklogBudget;
  /** Tells people what happened outside; never called per frame. */
  readonly log: Log;
  /** The sockets that clients find by a name, while they are open. Default: no list is kept. */
  readonly named?: Set<NamedSocket>;
}
