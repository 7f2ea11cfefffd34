/** A load process: reads what to do from its argument, prints `ready`, waits for a line, works without the event loop, prints the result. */
import { readSync } from 'node:fs';
import { awaitPath, pingPong } from './ping-pong.ts';
import { machineTime, processorTime, residentMemory, softirqThreads, tickedTime, type TickedTime } from './processor-time.ts';
import type { LoadResult, LoadSpec } from './spec.ts';
import { Traffic } from './traffic.ts';

const quietBeforePing = 100;

/** After traffic little has to warm up, in seconds. */
const warmPing = 0.1;

const softirqs = softirqThreads();
const spec = JSON.parse(process.argv[2] ?? '') as LoadSpec;
using traffic = new Traffic(spec);
process.stdout.write('ready\n');
readSync(0, Buffer.alloc(1));
process.stdout.write(`${JSON.stringify(work())}\n`);

function work(): LoadResult {
  const [here, there] = traffic.stations;
  if (here && there) awaitPath(here, there, spec);
  traffic.introduce();
  if (spec.seconds > 0) traffic.run(performance.now() + spec.warmup * 1000);
  const before = snapshot();
  if (spec.seconds > 0) traffic.run(performance.now() + spec.seconds * 1000);
  const after = snapshot();
  traffic.drain(quietBeforePing);
  const lost = traffic.expected - traffic.arrived;
  const { expected } = traffic;
  const ticked = after.ticked.all - before.ticked.all;
  const strays = traffic.stations.reduce((sum, station) => sum + station.strays, 0);
  const roundTrips =
    here && there && spec.pingSeconds > 0
      ? pingPong(here, there, { ...spec, warmup: spec.seconds > 0 ? warmPing : spec.warmup })
      : undefined;
  return {
    seconds: (after.time - before.time) / 1000,
    delivered: after.arrived - before.arrived,
    processorSeconds: (after.processor - before.processor) / 1e9,
    ...(ticked > 0 && { userShare: (after.ticked.user - before.ticked.user) / ticked }),
    loadProcessorSeconds: (after.own - before.own) / 1e9,
    otherProcessorSeconds: Math.max(0, (after.others - before.others) / 1e9),
    softirqSeconds: (after.softirq - before.softirq) / 1e9,
    expected,
    lost,
    strays,
    memory: after.memory,
    ...(roundTrips && { roundTrips }),
  };
}

interface Snapshot {
  readonly time: number;
  readonly arrived: number;
  readonly processor: number;
  readonly ticked: TickedTime;
  readonly own: number;
  readonly others: number;
  readonly softirq: number;
  readonly memory: number;
}

function snapshot(): Snapshot {
  const sum = (of: (pid: number) => number, pids = spec.processes): number => pids.reduce((total, pid) => total + of(pid), 0);
  const own = processorTime(process.pid);
  const processor = sum(processorTime);
  return {
    time: performance.now(),
    arrived: traffic.arrived,
    processor,
    ticked: { user: sum((pid) => tickedTime(pid).user), all: sum((pid) => tickedTime(pid).all) },
    own,
    others: machineTime() - processor - own,
    softirq: sum(processorTime, softirqs),
    memory: sum(residentMemory),
  };
}
