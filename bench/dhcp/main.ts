/** A load of DHCP clients: reads what to do from its argument, prints the result as a line of JSON. Ends with 1 when an answer was wrong. */
import { machineTime, processorTime, residentMemory } from '../load/processor-time.ts';
import { Crowd } from './crowd.ts';
import type { DhcpLoadResult, DhcpLoadSpec } from './spec.ts';

/** How much longer than it was told it measures a slow server, at most, in seconds. */
const longest = 20;

/** How many clients are in an exchange at a time before the measurement. */
const warmingWindow = 100;

const spec = JSON.parse(process.argv[2] ?? '') as DhcpLoadSpec;
using crowd = new Crowd(spec);
process.stdout.write(`${JSON.stringify(work())}\n`);

function work(): DhcpLoadResult {
  // Many at a time in any case, so that a server that is compiled while it runs is measured as it is after its first minutes.
  const together = Math.min(spec.clients, warmingWindow);
  if (spec.fill) crowd.run(together, () => crowd.exchanges >= spec.clients);
  crowd.run(together, after(spec.warmup));
  crowd.run(spec.window, after(spec.warmup / 4));
  const before = snapshot();
  crowd.latencies = [];
  // Of a slow server, too, there is one figure for each client that waits.
  const enough = before.exchanges + spec.window;
  const [isOver, isTooLate] = [after(spec.seconds), after(spec.seconds + longest)];
  crowd.run(spec.window, () => (isOver() && crowd.exchanges >= enough) || isTooLate());
  const end = snapshot();
  const latencies = crowd.latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN;
  const [ackP50, ackP99] = [at(0.5), at(0.99)];
  crowd.drain();
  return {
    seconds: (end.time - before.time) / 1000,
    exchanges: end.exchanges - before.exchanges,
    retries: end.retries - before.retries,
    ackP50,
    ackP99,
    processorSeconds: (end.processor - before.processor) / 1e9,
    loadProcessorSeconds: (end.own - before.own) / 1e9,
    otherProcessorSeconds: Math.max(0, (end.others - before.others) / 1e9),
    holders: crowd.holders,
    allExchanges: crowd.exchanges,
    strays: crowd.strays,
    memory: spec.processes.reduce((sum, pid) => sum + residentMemory(pid), 0),
  };
}

function after(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() >= end;
}

function snapshot(): { time: number; exchanges: number; retries: number; processor: number; own: number; others: number } {
  const { exchanges, retries } = crowd;
  const own = processorTime(process.pid);
  const processor = spec.processes.reduce((sum, pid) => sum + processorTime(pid), 0);
  return { time: performance.now(), exchanges, retries, processor, own, others: machineTime() - processor - own };
}
