import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Loop } from '../system/loop.ts';
import type { BacklogBudget } from './backlog.ts';
import type { Breath } from './port.ts';

/** What every driver with I/O is given: the daemon makes one for the process. */
export interface PortEnvironment {
  readonly clock: Clock;
  readonly breath: Breath;
  readonly loop: Loop;
  readonly budget: BacklogBudget;
  /** Tells people what happened outside; never called per frame. */
  readonly log: Log;
}
