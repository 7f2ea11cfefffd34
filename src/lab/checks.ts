import { EtherloomError } from '../errors.ts';
import { formatBridgeId } from '../wire/bpdu.ts';
import { formatIp, type IpAddress } from '../wire/ip.ts';
import { limitedBroadcast, contains, formatIpv4Network } from '../wire/ipv4.ts';
import { formatIpv6, isInIpv6Network, isIpv6LinkLocal, isIpv6Multicast } from '../wire/ipv6.ts';
import type { Vid } from '../wire/dot1q.ts';
import { summarize } from '../wire/summary.ts';
import { activeLinks, carries, circleIn, comesThrough, groupsOf, vlansOf } from './active-topology.ts';
import type { Fabric } from './fabric.ts';
import { isYes } from './goals.ts';
import type { PingOptions } from './lab-host-options.ts';
import { LabHost, type PingTarget } from './lab-host.ts';
import { LabStation, type Received } from './lab-station.ts';
import type { LabSwitch } from './lab-switch.ts';
import { readAddressText } from './names.ts';
import { Network } from './network.ts';
import { formatTime, millisecondsOf, type Span } from './span.ts';
import { lastNotes, storyOf, wayTo } from './story.ts';
import { isOfBridges, type Hop } from './trace.ts';

/* The checks that assertions make on a network. Each lets as much time pass as it needs, and returns the result with its reason. */

/** The result of a check, in the form of the matchers of vitest and jest. */
export interface Verdict {
  readonly pass: boolean;
  /** Returns why it failed or, if it passed, why its opposite fails. Evidence is kept when this is called. */
  readonly message: () => string;
}

/** The frames to look for: by a function, or by the line that `summarize` makes of them. */
export type FrameMatch = ((frame: Uint8Array) => boolean) | RegExp | string;

const leasePatience: Span = { seconds: 60 };
const framePatience: Span = { seconds: 1 };
const treePatience: Span = { seconds: 120 };
/** A tree without a change for two hello times has reached its final state. */
const calm = 9_000;
/** The most addresses used twice that are named. */
const shownConflicts = 5;

/** Returns whether the echo of a ping comes back. */
export async function reach(from: LabHost, to: PingTarget, options: PingOptions = {}): Promise<Verdict> {
  return ping(from, to, options, undefined);
}

/** Returns whether the echo of a ping comes back within that time. */
export async function reachWithin(from: LabHost, to: PingTarget, span: Span, options: PingOptions = {}): Promise<Verdict> {
  return ping(from, to, options, millisecondsOf(span));
}

async function ping(from: LabHost, to: PingTarget, options: PingOptions, most: number | undefined): Promise<Verdict> {
  checkKind(from, LabHost, 'a host');
  if (typeof to !== 'string') checkKind(to, LabHost, 'a host, or an address in text,');
  const { fabric } = from;
  const since = fabric.trace.total;
  const whom = `${typeof to === 'string' ? to : to.name}${most === undefined ? '' : ` within ${formatTime(most)}`}`;
  const time = await from.ping(to, options);
  const expected = `${from.name} reaches ${whom}`;
  const obstacle = time === undefined ? obstacleTo(from, to, options) : undefined;
  if (obstacle !== undefined) return failed(fabric, expected, obstacle);
  if (time === undefined) return failed(fabric, expected, 'no echo reply came back', () => storyOf(fabric, from, since));
  const came = `the echo reply came back in ${formatTime(time)}`;
  if (most !== undefined && time > most) return failed(fabric, expected, came, () => wayBack(fabric, from, since));
  return passed(fabric, `${from.name} does not reach ${whom}`, came, () => wayBack(fabric, from, since));
}

/** Returns why a host sends nothing there; undefined if it does. */
function obstacleTo(
  { name, linkLocal, running, stack: { ipv4, ipv6 } }: LabHost,
  to: PingTarget,
  options: PingOptions,
): string | undefined {
  const target = typeof to === 'string' ? readAddressText(to) : options.ipv6 === true ? to.linkLocal : to.address;
  if (!running) return undefined;
  const away = (address: IpAddress, network: string): string =>
    `${name} has no route to ${formatIp(address)}: that is outside ${network}, and ${name} has no router`;
  if (typeof target === 'bigint') {
    if (linkLocal === undefined) return `${name} has no IPv6 address; make it with { ipv6: true }`;
    const isNear = isIpv6LinkLocal(target) || isIpv6Multicast(target) || (ipv6 && isInIpv6Network(ipv6.network, target));
    if (isNear === true || ipv6?.router !== undefined) return undefined;
    return away(target, ipv6 ? `${formatIpv6(ipv6.network.address)}/${ipv6.network.prefixLength}` : 'fe80::/10');
  }
  if (!ipv4) return `${name} has no address`;
  const isOnLink = target === undefined || target === limitedBroadcast || contains(ipv4.network, target);
  return isOnLink || ipv4.router !== undefined ? undefined : away(target, formatIpv4Network(ipv4.network));
}

/** Returns how the last frame for a station came to it. */
function wayBack(fabric: Fabric, { name }: LabStation, since: number): string[] {
  const last = [...fabric.trace.hops(since)].findLast(({ lane, fate }) => lane.target === name && fate === 'delivered');
  return last ? wayTo(fabric, last) : [];
}

/** Returns whether a host gets a lease within a minute, or the given time. */
export async function lease(host: LabHost, patience: Span = leasePatience): Promise<Verdict> {
  checkKind(host, LabHost, 'a host');
  const { fabric } = host;
  const since = fabric.trace.total;
  await fabric.pass(fabric.timeline.now + millisecondsOf(patience), () => host.lease !== undefined);
  const held = host.lease;
  if (held) return passed(fabric, `${host.name} has no lease`, `it has ${formatIp(held.address)}`);
  const { dhcp } = host.stack;
  if (!dhcp) return failed(fabric, `${host.name} has a lease`, 'it has no DHCP client; make it with { dhcp: true }');
  const served = (): string[] => fabric.witnesses.flatMap((tell) => [...tell(host.mac)]);
  const story = (): string[] => [...served(), ...storyOf(fabric, host, since)];
  return failed(fabric, `${host.name} has a lease`, `its DHCP client is in ${dhcp.state}`, story);
}

/** Returns whether a station has received such a frame, or does within a second, or the given time. */
export async function seeFrame(station: LabStation, match: FrameMatch, patience: Span = framePatience): Promise<Verdict> {
  checkKind(station, LabStation, 'a station');
  const { fabric } = station;
  const matches = matcherOf(match);
  let looked = 0;
  let found: Received | undefined;
  const look = (): boolean => {
    const fresh = station.heard - looked;
    looked += fresh;
    found = fresh === 0 ? undefined : station.received.slice(-fresh).find(({ frame }) => matches(frame));
    return found !== undefined;
  };
  await fabric.pass(fabric.timeline.now + millisecondsOf(patience), look);
  const what = typeof match === 'function' ? 'such a frame' : `a frame like ${String(match)}`;
  const opposite = `${station.name} sees no ${what.replace(/^(?:such )?a /, '')}`;
  if (found) return passed(fabric, opposite, line(found));
  const last = station.received.slice(-5).map((one) => `  ${line(one)}`);
  return failed(
    fabric,
    `${station.name} sees ${what}`,
    last.length === 0 ? 'it received no frame at all' : 'the last frames that it received:',
    () => last,
  );
}

function matcherOf(match: FrameMatch): (frame: Uint8Array) => boolean {
  if (typeof match === 'function') return (frame) => isYes('the match of a frame', match(frame));
  return (frame) => (typeof match === 'string' ? summarize(frame).includes(match) : summarize(frame).search(match) >= 0);
}

function line({ time, frame }: Received): string {
  return `${formatTime(time)}  ${summarize(frame)}`;
}

/** Returns whether frames have not circulated in a loop so far, and cannot now. It lets no time pass. */
export function noLoop(net: Network): Promise<Verdict> {
  checkKind(net, Network, 'a network');
  const { fabric } = net;
  const again = [...fabric.trace.hops()].find((hop) => isAgain(fabric, hop));
  if (again) return Promise.resolve(failed(fabric, 'there is no loop', 'a frame crossed the same link twice', () => wayTo(fabric, again)));
  for (const vlan of vlansOf(net)) {
    const circle = circleIn(activeLinks(net, vlan).filter((link) => comesThrough(link, 'one way')));
    if (circle) return Promise.resolve(failed(fabric, 'there is no loop', circleText(vlan, circle)));
  }
  return Promise.resolve(passed(fabric, 'there is a loop', 'there is none in any VLAN'));
}

/** Returns whether the frame has made this hop before. Frames that bridges and stations send by themselves do not count. */
function isAgain({ trace }: Fabric, hop: Hop): boolean {
  if (isOfBridges(hop)) return false;
  const seen = new Set<unknown>();
  for (let at: Hop | undefined = hop; at; at = at.cause === undefined ? undefined : trace.hop(at.cause)) {
    if (seen.has(at.lane)) return true;
    seen.add(at.lane);
    if (!at.lane.source.includes('.')) return false;
  }
  return false;
}

function circleText(vlan: Vid, circle: readonly { readonly name: string }[]): string {
  return `VLAN ${vlan} has a loop: ${circle.map(({ name }) => name).join(', ')}`;
}

/**
 * Returns whether the spanning trees come to rest within two minutes, or the given time, and are then trees: linked switches agree on the
 * root, and there is one way between any two of them.
 */
export async function converged(net: Network, patience: Span = treePatience): Promise<Verdict> {
  checkKind(net, Network, 'a network');
  const { fabric } = net;
  const until = net.now + millisecondsOf(patience);
  let wrong = wrongAt(net);
  while (wrong.length > 0 && net.now < until) {
    await net.run({ milliseconds: Math.min(1000, until - net.now) });
    wrong = wrongAt(net);
  }
  if (wrong.length > 0) return failed(fabric, 'the spanning trees have converged', `at ${formatTime(net.now)} they have not:`, () => wrong);
  return passed(fabric, 'the spanning trees have not converged', `nothing changed since ${formatTime(changedAt(net))}`);
}

/** Returns the time of the last change of a tree, in milliseconds; 0 if there was none. */
function changedAt({ switches }: Network): number {
  return Math.max(0, ...switches.map(({ treeChanges }) => treeChanges.at(-1)?.time ?? 0));
}

/** Returns the reasons why the trees have not converged. */
function wrongAt(net: Network): string[] {
  const changed = changedAt(net);
  const restless = net.now - changed < calm ? [`  the last change was at ${formatTime(changed)}`] : [];
  return [...restless, ...vlansOf(net).flatMap((vlan) => wrongIn(net, vlan))];
}

/** Returns the reasons why a VLAN does not have a single tree wherever links join its switches. */
function wrongIn(net: Network, vlan: Vid): string[] {
  const members = net.switches.filter(({ running, switch: { vlans, hub } }) => running && (hub || vlans.has(vlan)));
  const links = net.links.filter((link) => link.up && carries(link, vlan) && comesThrough(link, 'both ways'));
  const active = activeLinks(net, vlan).filter((link) => comesThrough(link, 'both ways'));
  const circle = circleIn(active);
  const wrong = circle ? [`  ${circleText(vlan, circle)}`] : [];
  for (const group of groupsOf(members, links)) {
    const parts = groupsOf(group, active);
    if (parts.length > 1) wrong.push(`  VLAN ${vlan} is split: ${parts.map((part) => part.map(({ name }) => name).join(' ')).join('; ')}`);
    const roots = new Map(group.flatMap((one) => rootOf(one, vlan)));
    if (new Set(roots.values()).size > 1) {
      wrong.push(`  VLAN ${vlan} has several roots: ${[...roots].map(([name, root]) => `${name} says ${root}`).join(', ')}`);
    }
  }
  return wrong;
}

function rootOf({ name, switch: { fstp, hub } }: LabSwitch, vlan: Vid): [string, string][] {
  return fstp.enabled && !hub ? [[name, formatBridgeId(fstp.state(vlan).root)]] : [];
}

/** Checks a type for callers without TypeScript. */
function checkKind<Kind>(value: unknown, kind: abstract new (...args: never[]) => Kind, name: string): asserts value is Kind {
  if (!(value instanceof kind))
    throw new EtherloomError('bad-option', `expected ${name} of the lab, not ${String(value)}; pass one that the network made`);
}

function failed(fabric: Fabric, expected: string, found: string, more: () => readonly string[] = () => []): Verdict {
  return { pass: false, message: () => messageOf(fabric, expected, found, more()) };
}

/** Returns a verdict. `opposite` is the expectation under which this is a failure. */
function passed(fabric: Fabric, opposite: string, found: string, more: () => readonly string[] = () => []): Verdict {
  return { pass: true, message: () => messageOf(fabric, opposite, found, more()) };
}

function messageOf(fabric: Fabric, expected: string, found: string, more: readonly string[]): string {
  const evidence = fabric.evidence(expected);
  const kept = evidence === undefined ? [] : [`evidence: ${evidence}`];
  const { gap } = fabric.trace;
  return [
    `expected: ${expected} (seed ${fabric.seed})`,
    `but ${found}`,
    ...more,
    ...fabric.conflicts.slice(-shownConflicts),
    ...lastNotes(fabric),
    ...(gap === undefined ? [] : [gap]),
    ...kept,
  ].join('\n');
}
