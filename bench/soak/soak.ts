import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Running } from '../harness/running.ts';
import { untilAnswers } from '../harness/switches.ts';
import type { Workplace } from '../harness/workplace.ts';
import type { SoakArguments } from './arguments.ts';
import { growthFaults, linkFaults, sumFaults, Watchdog, type Named } from './check.ts';
import type { LoadReport, Question, SwitchReport } from './spec.ts';

/** How much of the time is for warming up, and how long that is at most, in seconds. */
const warmup = { share: 0.2, most: 60 };

/** After which time without a sign of life something has stopped, in milliseconds. */
const patience = 20_000;

/** How long all may take to come to rest, in seconds. */
const restLimit = 60;

let questions = 0;

/** All processes of a soak. */
interface Stage {
  readonly near: Running;
  readonly far: Running;
  readonly load: Running;
  readonly web: Running;
}

/** Runs the load, tells each line that is for people, and returns what was wrong. Throws when a process ends by itself. */
export async function soak({ seconds, interval }: SoakArguments, workplace: Workplace, tell: (line: string) => void): Promise<string[]> {
  const stage = await open(workplace);
  const watchdog = new Watchdog(patience);
  const warm = Math.min(warmup.share * seconds, warmup.most);
  const faults = await loadFor(stage, warm, interval, watchdog, tell);
  const before = await rest(stage);
  tell(`at rest after ${warm.toFixed(0)} s: ${before.switches.map(memoryOf).join('; ')}`);
  faults.push(...before.faults);
  // A counter that has stopped once is reported only once.
  if (faults.length > 0) return faults;
  watchdog.rest();
  faults.push(...(await loadFor(stage, seconds - warm, interval, watchdog, tell)));
  const after = await rest(stage);
  tell(`at rest at the end: ${after.switches.map(memoryOf).join('; ')}`);
  faults.push(...after.faults, ...before.switches.flatMap((named, i) => growthFaults(named, after.switches[i]?.[1] ?? named[1])));
  if (faults.length > 0) return faults;
  // All still works: what waits for a wake-up that was lost would wait for ever.
  watchdog.rest();
  faults.push(...(await loadFor(stage, Math.min(interval, 1), interval, watchdog, tell)), ...(await rest(stage)).faults);
  return faults;
}

async function open(workplace: Workplace): Promise<Stage> {
  const [link, web] = [await freePort(), await freePort()];
  const program = (name: string): string[] => [process.execPath, '--expose-gc', fileURLToPath(new URL(`./${name}.js`, import.meta.url))];
  const [near, far] = [workplace.path('near'), workplace.path('far')];
  const webAddress = `ws://127.0.0.1:${web}/soak`;
  const nearSwitch = workplace.start([...program('switch'), near, `tcp-listen://127.0.0.1:${link}`, webAddress]);
  await untilAnswers(nearSwitch, near);
  const farSwitch = workplace.start([...program('switch'), far, `tcp://127.0.0.1:${link}`]);
  await untilAnswers(farSwitch, far);
  const stage = {
    near: nearSwitch,
    far: farSwitch,
    load: workplace.start([...program('load'), near, far]),
    web: workplace.start([...program('web'), webAddress]),
  };
  await Promise.all([nearSwitch, farSwitch, stage.load, stage.web].map((running) => running.line(/^ready$/)));
  return stage;
}

/** Lets all run for so long, and looks after them now and then; returns what was wrong. */
async function loadFor(
  stage: Stage,
  seconds: number,
  interval: number,
  watchdog: Watchdog,
  tell: (line: string) => void,
): Promise<string[]> {
  const faults: string[] = [];
  await Promise.all([ask<LoadReport>(stage.load, 'run'), ask<LoadReport>(stage.web, 'run')]);
  const began = performance.now();
  let last = await look(stage);
  for (let left = seconds; left > 0 && faults.length === 0; left = seconds - (performance.now() - began) / 1000) {
    await delay(1000 * Math.min(left, interval));
    const now = await look(stage);
    faults.push(...now.load.faults, ...watchdog.look({ ...now.load.progress, ...now.web.progress }, now.at));
    tell(lineOf(last, now));
    last = now;
  }
  return faults;
}

/** All at one moment. */
interface Look {
  readonly at: number;
  readonly switches: readonly Named[];
  readonly load: LoadReport;
  readonly web: LoadReport;
}

async function look({ near, far, load, web }: Stage): Promise<Look> {
  const [here, there, stations, sockets] = await Promise.all([
    ask<SwitchReport>(near, 'report'),
    ask<SwitchReport>(far, 'report'),
    ask<LoadReport>(load, 'report'),
    ask<LoadReport>(web, 'report'),
  ]);
  const switches = [['near', here] as const, ['far', there] as const];
  return { at: performance.now(), switches, load: stations, web: sockets };
}

/** Ends the load, and waits until all is quiet and adds up, or does not after a while; then returns the faults. */
async function rest(stage: Stage): Promise<{ switches: readonly Named[]; faults: string[] }> {
  const [load] = await Promise.all([ask<LoadReport>(stage.load, 'quiet'), ask<LoadReport>(stage.web, 'quiet')]);
  for (let attempt = 0; ; attempt++) {
    // Twice: what the first collection lets go of may hold more.
    for (const running of [stage.near, stage.far]) await ask<SwitchReport>(running, 'collect');
    const here = await ask<SwitchReport>(stage.near, 'collect');
    const there = await ask<SwitchReport>(stage.far, 'collect');
    const switches = [['near', here] as const, ['far', there] as const];
    const faults = [...load.faults, ...switches.flatMap((named) => sumFaults(named, load)), ...linkFaults(here, there)];
    if (faults.length === 0 || attempt === 20) return { switches, faults };
    // A client's end is told to the switch in its own time.
    await delay(100);
  }
}

async function ask<Report extends { readonly id: number }>(running: Running, question: Question): Promise<Report> {
  const id = ++questions;
  running.write(`${question} ${id}\n`);
  const [line] = await running.line(new RegExp(`^\\{"id":${id},.*\\}$`), restLimit);
  return JSON.parse(line) as Report;
}

function lineOf(last: Look, now: Look): string {
  const seconds = (now.at - last.at) / 1000;
  const rates = now.switches.map(([name, { memory, descriptors }], i) => {
    const frames = framesOf(now.switches[i]?.[1]) - framesOf(last.switches[i]?.[1]);
    return `${name} ${thousands(frames / seconds)} frames/s, ${megabytes(memory.resident)}, ${descriptors} descriptors`;
  });
  const progress = { ...now.load.progress, ...now.web.progress };
  const of = (kind: string): number => sum(Object.entries(progress).map(([name, count]) => (name.startsWith(kind) ? count : 0)));
  return `${rates.join('; ')}; ${of('canary')} round trips, ${of('staller')} stalls, ${of('visit')} visits`;
}

/** Returns the frames that the staying stations of a switch have received from it. */
function framesOf(report: SwitchReport | undefined): number {
  return sum((report?.ports ?? []).filter(({ description }) => description !== 'visitor').map(({ sent }) => sent));
}

function memoryOf([name, { memory, descriptors, ports }]: Named): string {
  const { resident, heap, buffers } = memory;
  return `${name} ${megabytes(resident)} resident, ${megabytes(heap)} heap, ${megabytes(buffers)} buffers, ${descriptors} descriptors, ${ports.length} ports`;
}

function megabytes(octets: number): string {
  return `${(octets / 1e6).toFixed(1)} MB`;
}

function thousands(count: number): string {
  return `${(count / 1000).toFixed(0)} k`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Returns a TCP port of the loopback that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
