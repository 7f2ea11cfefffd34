import { summarize } from '../wire/summary.ts';
import type { Fabric } from './fabric.ts';
import type { LabStation } from './lab-station.ts';
import { formatTime } from './span.ts';
import { isOfBridges, type Hop } from './trace.ts';

/*
 * The fate of frames, in lines for people: the way of a frame, the decision of the switch where it ended, and the last frames on that link.
 */

/** The number of a link's last frames that are shown. */
const shownFrames = 5;
/** The number of hops that are shown; the beginning of a longer path is left out. */
const shownHops = 12;
/** The number of other places where the frame ended, such as those of a flood, that are shown. */
const shownEnds = 3;
const shownNotes = 10;

/**
 * Returns the fate of the frames that a station sent since hop number `since`, and of the answers to them: the farthest place they reached,
 * and the reason.
 */
export function storyOf(fabric: Fabric, station: LabStation, since: number): string[] {
  const { end } = station;
  if (!station.running) return [`${station.name} has crashed`];
  if (!end) return [`${station.name} has no link`];
  if (!end.link.up) return [`the link ${end.link.name} of ${station.name} is down`];
  const ends = endsOf(consequences(fabric, station, since));
  const last = ends.findLast(isLost) ?? ends.at(-1);
  if (!last && fabric.trace.total > since && !fabric.trace.hop(since))
    return ['the trace no longer has what it sent; make the network with a longer { history }'];
  if (!last) return [`${station.name} sent nothing`];
  return [...wayTo(fabric, last), ...elsewhere(ends, last), ...verdictOf(fabric, last), ...outages(fabric), ...lastOn(fabric, last)];
}

function outages(fabric: Fabric): string[] {
  const down = fabric.outages();
  return down.length === 0 ? [] : [`down now: ${down.join(', ')}`];
}

/** Returns the other places that it reached, each once. */
function elsewhere(ends: readonly Hop[], { lane }: Hop): string[] {
  const places = new Map(ends.map((hop) => [hop.lane.target, hop.fate]));
  places.delete(lane.target);
  return [...places].slice(-shownEnds).map(([target, fate]) => `  it also reached ${target}: ${fate}`);
}

/** Returns the way of a frame, and of the frames that caused it, one line for each link crossed. */
export function wayTo({ trace }: Fabric, hop: Hop): string[] {
  const path = trace.pathTo(hop.number);
  const shown = path.slice(-shownHops);
  const left = path.length - shown.length;
  return ['its path:', ...(left > 0 ? [`  (${left} earlier hops)`] : []), ...shown.map((one) => `  ${hopLine(one)}`)];
}

/** Formats a hop as one line: `5.05 ms  a > s1.1  02:00:00:00:00:01 > all: ARP, …: delivered`. */
function hopLine({ time, lane, frame, fate }: Hop): string {
  return `${formatTime(time)}  ${lane.source} > ${lane.target}  ${summarize(frame)}${fate === 'delivered' ? '' : ` -- ${fate}`}`;
}

/** Returns the last notes of programs, in the order of time, one line each. */
export function lastNotes(fabric: Fabric): string[] {
  const lines = fabric.logs().toSorted((a, b) => a.time - b.time);
  return lines.slice(-shownNotes).map(({ time, text }) => `at ${formatTime(time)} ${text}`);
}

/** Returns the hops that followed from a station's frames since then: those frames, their answers, and so on. */
function consequences({ trace }: Fabric, { name }: LabStation, since: number): Hop[] {
  const made = new Set<number>();
  return [...trace.hops(since)].filter((hop) => {
    const follows = hop.lane.source === name || (hop.cause !== undefined && made.has(hop.cause));
    if (follows && !isOfBridges(hop)) made.add(hop.number);
    return made.has(hop.number);
  });
}

/** Returns where the farthest frames ended: the last of all answers to answers. Those that reached their destination come last. */
function endsOf(hops: readonly Hop[]): Hop[] {
  const generations = new Map<number, number>();
  const causes = new Set<number | undefined>(hops.map(({ cause }) => cause));
  for (const { number, cause, lane } of hops) {
    const before = cause === undefined ? undefined : generations.get(cause);
    generations.set(number, before === undefined ? 0 : before + (isStation(lane.source) ? 1 : 0));
  }
  const farthest = [...generations.values()].reduce((most, one) => Math.max(most, one), 0);
  return hops.filter(({ number }) => generations.get(number) === farthest && !causes.has(number));
}

/** Returns whether a name is a station's: ports of switches have names with a dot. */
function isStation(name: string): boolean {
  return !name.includes('.');
}

function isLost({ fate }: Hop): boolean {
  return /^(?:lost|dropped)/.test(fate);
}

/** Returns the final fate of a frame, and the present decision of the switch that caused it. */
function verdictOf(fabric: Fabric, hop: Hop): string[] {
  const { lane, fate, cause } = hop;
  const sender = cause === undefined ? undefined : fabric.trace.hop(cause);
  const decider = fate.startsWith('lost') ? undefined : fate === 'delivered' && isStation(lane.target) ? sender : hop;
  const explanation = decider && fabric.explain(decider.lane.target, decider.frame);
  const end = fate === 'delivered' ? `it was delivered to ${lane.target}, and nothing followed` : `it was ${fate}`;
  return [end, ...(explanation === undefined ? [] : [`${decider?.lane.target ?? ''} would now do this with it: ${explanation}`])];
}

/** Returns the last frames on a hop's link, in both directions. */
function lastOn({ trace }: Fabric, { lane: { source, target } }: Hop): string[] {
  const both = [...trace.hops()].filter(({ lane }) =>
    lane.source === source ? lane.target === target : lane.source === target && lane.target === source,
  );
  return [`last between ${source} and ${target}:`, ...both.slice(-shownFrames).map((hop) => `  ${hopLine(hop)}`)];
}
