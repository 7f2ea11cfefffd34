import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { spreadOf } from '../harness/statistics.ts';
import type { Workplace } from '../harness/workplace.ts';
import type { RoundsArguments } from './arguments.ts';
import { areNear, drawFault, faultKinds, textOf, type Fault } from './fault.ts';
import { Loop } from './plant.ts';
import { Traffic } from './traffic.ts';
import { pairsWithin, TwoLans } from './two-lans.ts';

/** How long the flows of each LAN may take until they are direct, before a round begins without, and the interval between two looks; in milliseconds. */
const [usualPatience, interval] = [20_000, 500];

/** A flow that has brought so many frames by a shortcut in an interval is direct. There are 100 in all, and a few of the shortcut itself. */
const leastDirect = 50;

/** The number of flows within the LANs. */
export const flowsWithin = 2 * pairsWithin.length;

/** One round: a fault, and what came of it. Times are in milliseconds. */
export interface Round {
  readonly fault: Fault;
  /** The number of flows that went by a shortcut when it began. */
  readonly direct: number;
  /** The longest time for which a flow brought nothing though it had a path. */
  readonly gap: number;
  /** From the end of the fault until all flows were open; undefined if some were not. */
  readonly back: number | undefined;
}

/** The findings of a run. */
export interface RoundsResult {
  readonly rounds: readonly Round[];
  /** The faults of the program, in words. There are no further rounds after the first one. */
  readonly faults: readonly string[];
}

/** Runs the rounds. Throws when the star does not start. */
export async function runRounds(
  { rounds: count, seed, plant }: RoundsArguments,
  workplace: Workplace,
  tell: (line: string) => void,
): Promise<RoundsResult> {
  const random = seededRandom(seed);
  const star = await TwoLans.open(workplace);
  using traffic = new Traffic(star.places, { isDense: areNear, plant, processes: star.processes });
  using _loop = plant === 'loop' ? new Loop(star.node(1).sock, star.node(4).sock) : undefined;
  const { checker } = traffic;
  const rounds: Round[] = [];
  let direct = await settle(star, traffic);
  while (rounds.length < count && checker.isSound()) {
    const round = await runRound(drawFault(random), direct, star, traffic);
    rounds.push(round);
    tell(`${String(rounds.length).padStart(4)}  ${lineOf(round)}`);
    if (checker.isSound()) direct = await settle(star, traffic);
  }
  if (!checker.isSound()) tell(star.said);
  return { rounds, faults: checker.faults };
}

/** Returns the figures of each kind of fault, one line each, and those of all. */
export function summary(rounds: readonly Round[]): string[] {
  const line = (title: string, kinds: readonly string[]): string => {
    const own = rounds.filter(({ fault }) => kinds.includes(fault.kind));
    const [gap, back] = [spreadOf(own.map((one) => one.gap)), spreadOf(own.map((one) => (one.back ?? NaN) / 1000))];
    if (!gap || !back) return `${title.padEnd(6)} none`;
    const gaps = `longest gap with a path: median ${gap.median.toFixed(0)} ms, worst ${gap.max.toFixed(0)} ms`;
    return `${title.padEnd(6)} ${own.length} rounds; ${gaps}; all back after ${back.median.toFixed(2)} s, worst ${back.max.toFixed(2)} s`;
  };
  return [...faultKinds.map((kind) => line(kind, [kind])), line('all', faultKinds)];
}

function lineOf({ fault, direct, gap, back }: Round): string {
  const end = back === undefined ? 'NOT BACK' : `back after ${back.toFixed(0)} ms`;
  return `${textOf(fault).padEnd(26)} ${direct} direct flows, longest gap ${gap.toFixed(0)} ms, ${end}`;
}

/** Waits until all flows are open, and those of each LAN are direct or have had time for that. Returns those that are, as `FROM TO`. */
export async function settle(star: TwoLans, traffic: Traffic, patience = usualPatience): Promise<ReadonlySet<string>> {
  await traffic.open();
  let direct: ReadonlySet<string> = new Set();
  const limit = traffic.now + patience;
  for (let before = await star.sentDirectly(); direct.size < flowsWithin && traffic.now < limit;) {
    await delay(interval);
    const sent = await star.sentDirectly();
    direct = new Set([...sent].filter(([name, frames]) => frames - (before.get(name) ?? frames) >= leastDirect).map(([name]) => name));
    before = sent;
  }
  await traffic.calm();
  return direct;
}

/** Makes a fault. Each flow must find its path during it, and all must be open again after it. */
async function runRound(fault: Fault, direct: ReadonlySet<string>, star: TwoLans, traffic: Traffic): Promise<Round> {
  traffic.expect(fault, (from, to) => direct.has(`${from} ${to}`));
  const heal = await star.suffer(fault);
  await delay(fault.lasts);
  await heal();
  const back = await traffic.open();
  const gap = Math.max(...traffic.checker.flows.map(({ worstGap }) => worstGap));
  return { fault, direct: direct.size, gap, back };
}
