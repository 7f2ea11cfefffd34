/**
 * A switch as `etherloom switch` runs it, or `etherloom master` and `slave`, which also tells of its ports and its memory. The argument is a
 * SwitchSpec as JSON.
 */
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { Scope } from '../../src/daemon/scope.ts';
import { serve } from '../../src/daemon/serve.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';
import type { Port } from '../../src/ports/pure/port.ts';
import { realRandom } from '../../src/random.ts';
import type { PortReport, SwitchReport, SwitchSpec } from './spec.ts';
import { openStar } from './star.ts';

const { star, ...options } = JSON.parse(process.argv[2] ?? '{}') as SwitchSpec;

await serve(async () => {
  const scope = new Scope();
  const service = scope.use(await SwitchService.open(options, { clock: realClock, random: realRandom, log: quietLog }));
  if (star) await openStar(star, service.plane, scope);
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [question, id] = line.split(' ');
    if (question === 'collect') globalThis.gc?.();
    process.stdout.write(`${JSON.stringify(report(service, Number(id)))}\n`);
  });
  return scope;
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
