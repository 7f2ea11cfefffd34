/**
 * A switch as `etherloom switch` runs it, which also tells of its ports and its memory. Arguments: its directory, and the addresses of its
 * ports.
 */
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { serve } from '../../src/daemon/serve.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';
import type { Port } from '../../src/ports/pure/port.ts';
import { realRandom } from '../../src/random.ts';
import type { PortReport, SwitchReport } from './spec.ts';

const [directory = '', ...ports] = process.argv.slice(2);

await serve(async () => {
  const service = await SwitchService.open({ directory, ports }, { clock: realClock, random: realRandom, log: quietLog });
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [question, id] = line.split(' ');
    if (question === 'collect') globalThis.gc?.();
    process.stdout.write(`${JSON.stringify(report(service, Number(id)))}\n`);
  });
  return service;
});

function report({ plane }: SwitchService, id: number): SwitchReport {
  const { rss: resident, heapUsed: heap, arrayBuffers: buffers } = process.memoryUsage();
  return {
    id,
    memory: { resident, heap, buffers },
    descriptors: readdirSync('/proc/self/fd').length,
    waiting: plane.environment.budget.used,
    ports: Array.from(plane.ports.endpoints(), ({ number, port }) =>
      portReport(number, port, plane.switch.port(number)?.counters.sentFrames ?? 0),
    ),
  };
}

function portReport(number: number, { module, description, counters }: Port, given: number): PortReport {
  const drops = Object.fromEntries(Object.entries(counters.drops).filter(([, count]) => count > 0));
  return { number, module, description, received: counters.receivedFrames, sent: counters.sentFrames, given, drops };
}
