// A data plane whose heap is measured, in a process of its own; run by heap-growth.test.ts with the directory to serve. At each line that
// it reads it collects garbage, and from the second on tells on a line of JSON what was allocated, and what was kept, since the one before.
import { createInterface } from 'node:readline';
import { GCProfiler, type GCProfilerResult } from 'node:v8';
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { DataPlane } from '../../src/daemon/data-plane.ts';
import { VdeListener } from '../../src/ports/vde/vde-listener.ts';

const plane = new DataPlane({ random: seededRandom(1), clock: realClock, log: quietLog });
VdeListener.open({ directory: process.argv[2] ?? '', acceptor: plane }, plane.environment);

let begun: { readonly profiler: GCProfiler; readonly heap: number } | undefined;
createInterface({ input: process.stdin }).on('line', () => {
  const grown = begun && allocated(begun.profiler.stop(), begun.heap, heapUsed());
  globalThis.gc?.();
  const heap = heapUsed();
  if (begun) process.stdout.write(`${JSON.stringify({ allocated: grown, kept: heap - begun.heap })}\n`);
  else process.stdout.write('collected\n');
  begun = { profiler: new GCProfiler(), heap };
  begun.profiler.start();
});
process.stdout.write('ready\n');

function heapUsed(): number {
  return process.memoryUsage().heapUsed;
}

/** Returns how much the heap grew between the collections that there were. */
function allocated({ statistics }: GCProfilerResult, start: number, end: number): number {
  let octets = 0;
  let last = start;
  for (const { beforeGC, afterGC } of statistics) {
    octets += beforeGC.heapStatistics.usedHeapSize - last;
    last = afterGC.heapStatistics.usedHeapSize;
  }
  return octets + end - last;
}
