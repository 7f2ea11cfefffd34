import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Running } from '../harness/running.ts';
import { untilAnswers } from '../harness/switches.ts';
import type { Workplace } from '../harness/workplace.ts';
import type { SoakArguments } from './arguments.ts';
import { growthFaults, linkFaults, sumFaults, Watchdog, type Named } from './check.ts';
import type { LoadReport, Question, SwitchReport, SwitchSpec } from './spec.ts';

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
  /** Members and strangers that come and go; only at a star. */
  readonly visitors: Running | undefined;
}

/** Runs the load, tells each line that is for people, and returns what was wrong. Throws when a process ends by itself. */
export async function soak(
  { seconds, interval, secured }: SoakArguments,
  workplace: Workplace,
  tell: (line: string) => void,
): Promise<string[]> {
  const stage = await open(workplace, secured);
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

async function open(workplace: Workplace, secured: boolean): Promise<Stage> {
  const webAddress = `ws://127.0.0.1:${await freePort()}/soak`;
  const { near, far, line } = secured ? await openStar(workplace, webAddress) : await openLinked(workplace, webAddress);
  const stage = {
    near,
    far,
    load: workplace.start([...program('load'), workplace.path('near'), workplace.path('far')]),
    web: workplace.start([...program('web'), webAddress]),
    visitors: line === undefined ? undefined : workplace.start([...program('members'), line, workplace.path('visitor')]),
  };
  await Promise.all(everyoneOf(stage).map((running) => running.line(/^ready$/)));
  return stage;
}

/** The two switches, and the line to join by, if they are a star. */
interface Switches {
  readonly near: Running;
  readonly far: Running;
  readonly line?: string;
}

async function openLinked(workplace: Workplace, webAddress: string): Promise<Switches> {
  const link = await freePort();
  const near = await startSwitch(workplace, 'near', { ports: [`tcp-listen://127.0.0.1:${link}`, webAddress] });
  return { near, far: await startSwitch(workplace, 'far', { ports: [`tcp://127.0.0.1:${link}`] }) };
}

async function openStar(workplace: Workplace, webAddress: string): Promise<Switches> {
  const near = await startSwitch(workplace, 'near', {
    ports: [webAddress],
    star: { role: 'master', state: workplace.path('near-state') },
  });
  const [, line = ''] = await near.line(/^line (.*)/);
  const far = await startSwitch(workplace, 'far', { ports: [], star: { role: 'slave', state: workplace.path('far-state'), line } });
  return { near, far, line };
}

async function startSwitch(workplace: Workplace, name: string, spec: Omit<SwitchSpec, 'directory'>): Promise<Running> {
  const directory = workplace.path(name);
  const running = workplace.start([...program('switch'), JSON.stringify({ ...spec, directory })]);
  await untilAnswers(running, directory);
  return running;
}

function program(name: string): string[] {
  return [process.execPath, '--expose-gc', fileURLToPath(new URL(`./${name}.js`, import.meta.url))];
}

function everyoneOf({ near, far, load, web, visitors }: Stage): Running[] {
  return [near, far, load, web, ...(visitors ? [visitors] : [])];
}

/** Returns the processes that make load beside the stations. */
function othersOf({ web, visitors }: Stage): Running[] {
  return visitors ? [web, visitors] : [web];
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
  await Promise.all([stage.load, ...othersOf(stage)].map((running) => ask<LoadReport>(running, 'run')));
  const began = performance.now();
  let last = await look(stage);
  for (let left = seconds; left > 0 && faults.length === 0; left = seconds - (performance.now() - began) / 1000) {
    await delay(1000 * Math.min(left, interval));
    const now = await look(stage);
    faults.push(...now.load.faults, ...now.others.flatMap((other) => other.faults), ...watchdog.look(progressOf(now), now.at));
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
  readonly others: readonly LoadReport[];
}

async function look(stage: Stage): Promise<Look> {
  const [here, there, load, ...others] = await Promise.all([
    ask<SwitchReport>(stage.near, 'report'),
    ask<SwitchReport>(stage.far, 'report'),
    ask<LoadReport>(stage.load, 'report'),
    ...othersOf(stage).map((running) => ask<LoadReport>(running, 'report')),
  ]);
  const switches = [['near', here] as const, ['far', there] as const];
  return { at: performance.now(), switches, load, others };
}

function progressOf({ load, others }: Look): Readonly<Record<string, number>> {
  return Object.assign({}, load.progress, ...others.map(({ progress }) => progress)) as Record<string, number>;
}

/** Ends the load, and waits until all is quiet and adds up, or does not after a while; then returns the faults. */
async function rest(stage: Stage): Promise<{ switches: readonly Named[]; faults: string[] }> {
  await Promise.all(othersOf(stage).map((running) => ask<LoadReport>(running, 'quiet')));
  const load = await ask<LoadReport>(stage.load, 'quiet');
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
  const progress = progressOf(now);
  const of = (kind: string): number => sum(Object.entries(progress).map(([name, count]) => (name.startsWith(kind) ? count : 0)));
  return `${rates.join('; ')}; ${of('canary')} round trips, ${of('staller')} stalls, ${of('visit')} visits${of('member') > 0 ? `, ${of('member')} joins, ${of('stranger')} strangers` : ''}`;
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
