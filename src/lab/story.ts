import { summarize } from '../wire/summary.ts';
import type { Fabric } from './fabric.ts';
import type { LabStation } from './lab-station.ts';
import { formatTime } from './span.ts';
import { isOfBridges, type Hop } from './trace.ts';

/*
 * What became of frames, in lines for people: the way that one took, what the switch where it ended says of it, what was on that link last.
 */

/** So many frames of a link are shown, the last ones. */
const shownFrames = 5;
/** Of a longer way, the beginning is left out. */
const shownHops = 12;
/** Other places where the frame ended, such as those that it was flooded to. */
const shownEnds = 3;
const shownNotes = 10;

/** What became of what a station has sent since hop number `since`, and of the answers to that: how far it came, and why no farther. */
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

/** Where else it came to, each place once. */
function elsewhere(ends: readonly Hop[], { lane }: Hop): string[] {
  const places = new Map(ends.map((hop) => [hop.lane.target, hop.fate]));
  places.delete(lane.target);
  return [...places].slice(-shownEnds).map(([target, fate]) => `  it also reached ${target}: ${fate}`);
}

/** The way that a frame took, and the frames that made it come, one line for each link that was crossed. */
export function wayTo({ trace }: Fabric, hop: Hop): string[] {
  const path = trace.pathTo(hop.number);
  const shown = path.slice(-shownHops);
  const left = path.length - shown.length;
  return ['its path:', ...(left > 0 ? [`  (${left} earlier hops)`] : []), ...shown.map((one) => `  ${hopLine(one)}`)];
}

/** One line: `5.05 ms  a > s1.1  02:00:00:00:00:01 > all: ARP, …: delivered`. */
function hopLine({ time, lane, frame, fate }: Hop): string {
  return `${formatTime(time)}  ${lane.source} > ${lane.target}  ${summarize(frame)}${fate === 'delivered' ? '' : ` -- ${fate}`}`;
}

/** What programs noted last, in the order of time, one line each. */
export function lastNotes(fabric: Fabric): string[] {
  const lines = fabric.logs().toSorted((a, b) => a.time - b.time);
  return lines.slice(-shownNotes).map(({ time, text }) => `at ${formatTime(time)} ${text}`);
}

/** The hops that a station's frames made since then: those frames, what they became, what they were answered with, and so on. */
function consequences({ trace }: Fabric, { name }: LabStation, since: number): Hop[] {
  const made = new Set<number>();
  return [...trace.hops(since)].filter((hop) => {
    const follows = hop.lane.source === name || (hop.cause !== undefined && made.has(hop.cause));
    if (follows && !isOfBridges(hop)) made.add(hop.number);
    return made.has(hop.number);
  });
}

/** Where the farthest frames ended: of all answers to answers, the last. Those that were taken by whom they were for come last. */
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

/** Ports of switches have names with a dot. */
function isStation(name: string): boolean {
  return !name.includes('.');
}

function isLost({ fate }: Hop): boolean {
  return /^(?:lost|dropped)/.test(fate);
}

/** What became of it in the end, and what the switch that decided on that would now do this with it now. */
function verdictOf(fabric: Fabric, hop: Hop): string[] {
  const { lane, fate, cause } = hop;
  const sender = cause === undefined ? undefined : fabric.trace.hop(cause);
  const decider = fate.startsWith('lost') ? undefined : fate === 'delivered' && isStation(lane.target) ? sender : hop;
  const explanation = decider && fabric.explain(decider.lane.target, decider.frame);
  const end = fate === 'delivered' ? `it was delivered to ${lane.target}, and nothing followed` : `it was ${fate}`;
  return [end, ...(explanation === undefined ? [] : [`${decider?.lane.target ?? ''} would now do this with it: ${explanation}`])];
}

/** What was on a hop's link last, both ways. */
function lastOn({ trace }: Fabric, { lane: { source, target } }: Hop): string[] {
  const both = [...trace.hops()].filter(({ lane }) =>
    lane.source === source ? lane.target === target : lane.source === target && lane.target === source,
  );
  return [`last between ${source} and ${target}:`, ...both.slice(-shownFrames).map((hop) => `  ${hopLine(hop)}`)];
}
