import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../harness/chain.ts';
import { runLoad } from '../harness/load.ts';
import type { Running } from '../harness/running.ts';
import { programOf, untilAnswers } from '../harness/switches.ts';
import type { Workplace } from '../harness/workplace.ts';
import { residentMemory } from '../load/processor-time.ts';
import type { LoadResult } from '../load/spec.ts';
import type { SiegeArguments } from './arguments.ts';
import { Member } from './member.ts';
import type { StrangerReport, StrangerSpec } from './spec.ts';

/** The processors of the star with its load, and of the strangers: they come from other machines, and must not take the star's time. */
const processors = availableParallelism() > 1 ? { star: 0, strangers: 1 } : { star: 0, strangers: 0 };

/** The findings of a siege. */
export interface SiegeResult {
  /** Frames for each second of processor time that the star and its load used together: in peace, and under attack. */
  readonly calm: number;
  readonly attacked: number;
  /** How long the member took to be back each time, in milliseconds. */
  readonly back: readonly number[];
  /** The master's memory before and after, and the most meanwhile, in octets. */
  readonly memory: { readonly before: number; readonly after: number; readonly most: number };
  readonly stranger: StrangerReport;
}

/** A star of a master and two slaves with a station each, between which frames go. */
interface Star {
  readonly port: number;
  readonly master: Running;
  /** The master and the slaves. */
  readonly processes: readonly number[];
  readonly stations: readonly { readonly directory: string }[];
  readonly line: string;
}

/** Lets strangers attack the master of a star that forwards frames, while a member comes and goes. */
export async function siege(given: SiegeArguments, workplace: Workplace, tell: (line: string) => void): Promise<SiegeResult> {
  const star = await openStar(workplace);
  await using member = await Member.join(workplace.path('member'), star.line);
  tell(`the member is linked for the first time after ${(await member.back()).toFixed(0)} ms`);
  const peace = await load(star, workplace, given.seconds);
  const fresh = residentMemory(star.master.pid);
  // The master keeps the memory that its first strangers take.
  await attack(star, workplace, given, member);
  tell(`the first attack lets the master grow by ${((residentMemory(star.master.pid) - fresh) / 1e6).toFixed(1)} MB`);
  const before = residentMemory(star.master.pid);
  const war = await attack(star, workplace, given, member);
  const after = residentMemory(star.master.pid);
  const again = await load(star, workplace, given.seconds);
  const rates = [peace, again].map(perProcessorSecond);
  const all = [peace, war.load, again];
  tell(`frames a second, in peace, under attack, and in peace: ${all.map((one) => thousands(one.delivered / one.seconds)).join(', ')}`);
  tell(`for each second of processor time: ${all.map((one) => thousands(perProcessorSecond(one))).join(', ')}`);
  return {
    calm: (rates[0] ?? NaN) / 2 + (rates[1] ?? NaN) / 2,
    attacked: perProcessorSecond(war.load),
    back: war.back,
    memory: { before, after, most: war.most },
    stranger: war.stranger,
  };
}

function perProcessorSecond({ delivered, processorSeconds, loadProcessorSeconds }: LoadResult): number {
  return delivered / (processorSeconds + loadProcessorSeconds);
}

function thousands(count: number): string {
  return `${(count / 1000).toFixed(0)} k`;
}

async function openStar(workplace: Workplace): Promise<Star> {
  const program = programOf('ours', workplace, 'etherloom');
  const port = await freePort();
  const node = (name: string): string[] => ['--sock', workplace.path(name), '--state', workplace.path(`${name}-state`)];
  const lines = workplace.path('lines');
  const start = async (name: string, command: readonly string[]): Promise<Running> => {
    const running = workplace.start([program, ...command, ...node(name)], { processor: processors.star });
    await untilAnswers(running, workplace.path(name));
    return running;
  };
  const master = await start('master', ['master', '--listen', `127.0.0.1:${port}`, '--subnet', '10.77.0.0/24', '--line-file', lines]);
  await master.line(/^ready/);
  const line = readFileSync(lines, 'utf8').trim();
  const slaves: Running[] = [];
  for (const name of ['near', 'far']) {
    const slave = await start(name, ['join', line]);
    await slave.line(/linked to/);
    slaves.push(slave);
  }
  return {
    port,
    master,
    line,
    processes: [master, ...slaves].map(({ pid }) => pid),
    stations: ['near', 'far'].map((name) => ({ directory: workplace.path(name) })),
  };
}

function load({ stations, processes }: Star, workplace: Workplace, seconds: number): Promise<LoadResult> {
  const options = { seconds, warmup: warmupOf(seconds), spin: false, processor: processors.star };
  return runLoad({ stations, processes, pingSeconds: 0 }, workplace, options);
}

function warmupOf(seconds: number): number {
  return Math.min(1, seconds / 2);
}

interface War {
  readonly load: LoadResult;
  readonly back: readonly number[];
  readonly most: number;
  readonly stranger: StrangerReport;
}

async function attack(
  star: Star,
  workplace: Workplace,
  { seconds, from, halfOpen, handshakes }: SiegeArguments,
  member: Member,
): Promise<War> {
  const spec: StrangerSpec = { port: star.port, from, halfOpen: halfOpen / (seconds + warmupOf(seconds)), handshakes };
  const program = fileURLToPath(new URL('./stranger.js', import.meta.url));
  const stranger = workplace.start([process.execPath, program, JSON.stringify(spec)], { processor: processors.strangers });
  await stranger.line(/^attacks$/);
  let isOver = false;
  let most = 0;
  const back: number[] = [];
  const watch = async (): Promise<void> => {
    while (!isOver) {
      most = Math.max(most, residentMemory(star.master.pid));
      await delay(100);
    }
  };
  const come = async (): Promise<void> => {
    while (!isOver) {
      back.push(await member.back());
      await delay(500);
    }
  };
  const [result] = await Promise.all([load(star, workplace, seconds).finally(() => (isOver = true)), watch(), come()]);
  stranger.writeEnd();
  const [report] = await stranger.line(/^\{.*\}$/);
  return { load: result, back, most, stranger: JSON.parse(report) as StrangerReport };
}
