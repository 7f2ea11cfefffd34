import { performance } from 'node:perf_hooks';
import type { Clock } from '../clock.ts';
import type { Collector } from '../management/metrics.ts';
import type { BacklogBudget } from '../ports/pure/backlog.ts';
import { ownVersion } from '../system/own-package.ts';

/** Returns the collector of this process: its version, its start, its processor time, its event loop and its memory. */
export function processCollector(clock: Clock): Collector {
  const start = clock.wall() / 1000 - process.uptime();
  const build = { version: ownVersion(), node: process.versions.node };
  return {
    collect(emit) {
      emit('etherloom_build_info', 1, build);
      const { user, system } = process.cpuUsage();
      emit('process_start_time_seconds', start);
      emit('process_cpu_seconds_total', user / 1e6, { mode: 'user' });
      emit('process_cpu_seconds_total', system / 1e6, { mode: 'system' });
      const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
      emit('process_resident_memory_bytes', rss);
      emit('nodejs_heap_size_total_bytes', heapTotal);
      emit('nodejs_heap_size_used_bytes', heapUsed);
      emit('nodejs_external_memory_bytes', external);
      const { active, idle } = performance.eventLoopUtilization();
      emit('etherloom_loop_active_seconds_total', active / 1000);
      emit('etherloom_loop_idle_seconds_total', idle / 1000);
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
