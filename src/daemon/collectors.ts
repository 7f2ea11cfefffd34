import type { Clock } from '../clock.ts';
import type { Collector } from '../management/metrics.ts';
import type { BacklogBudget } from '../ports/pure/backlog.ts';

/** Returns the collector of this process: its start, its processor time and its memory. */
export function processCollector(clock: Clock): Collector {
  const start = clock.wall() / 1000 - process.uptime();
  return {
    collect(emit) {
      const { user, system } = process.cpuUsage();
      emit('process_start_time_seconds', start);
      emit('process_cpu_seconds_total', user / 1e6, { mode: 'user' });
      emit('process_cpu_seconds_total', system / 1e6, { mode: 'system' });
      emit('process_resident_memory_bytes', process.memoryUsage.rss());
    },
  };
}

/** Returns the collector of the memory for frames that wait. */
export function backlogCollector(budget: BacklogBudget): Collector {
  return {
    collect(emit) {
      emit('etherloom_backlog_bytes', budget.used);
      emit('etherloom_backlog_limit_bytes', budget.limit);
    },
  };
}
