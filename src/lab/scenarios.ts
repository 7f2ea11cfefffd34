import { EtherloomError } from '../errors.ts';
import { dhcpWords, type LabDhcpOptions } from './lab-dhcp.ts';
import { checkCount, checkNumber } from './numbers.ts';
import { checkOptions, formatLine, formatWords, type Wording } from './words.ts';

/* Scenarios drawn by fast-check: texts of the notation, which shrink to the smallest one that fails. */

/** A kind of fault, by its name in the notation. */
export type ScenarioFault = (typeof scenarioFaults)[number];

/** All kinds of faults; `crash-host` is a crash of a host. */
export const scenarioFaults = [
  ...(['cut', 'silence', 'impair', 'hold', 'crash', 'crash-host', 'skew', 'partition', 'flap', 'vary', 'fail-disk'] as const),
] as const;

/** The bounds of the scenarios. All numbers are maximums. */
export interface ScenarioOptions {
  /** Switches, one at least. Default: 4. */
  readonly switches?: number;
  /** Links between switches beyond those of a tree. Default: 2. */
  readonly links?: number;
  /** Hosts, two at least. Default: 4. */
  readonly hosts?: number;
  /** The delay of a frame between switches, in milliseconds. A loop without delay is a storm. Default: 1. */
  readonly latency?: number;
  /** Faults and pings. Default: 6. */
  readonly acts?: number;
  /** The duration of a fault, and of the quiet time between two acts, in milliseconds. Default: 10,000. */
  readonly span?: number;
  /** The kinds of faults; each scenario draws from some of them. Default: all but `skew`, `crash-host` and `fail-disk`. */
  readonly faults?: readonly ScenarioFault[];
  /** True if hosts ping each other meanwhile. Default: true. */
  readonly pings?: boolean;
  /** True if switches have spanning trees. Default: true; without them there are no links beyond those of a tree. */
  readonly fstp?: boolean;
  /** True if hosts ask for their addresses, or the options of their DHCP server at the first switch. Default: false. */
  readonly dhcp?: boolean | LabDhcpOptions;
}

/**
 * The required part of fast-check: `import fc from 'fast-check'`. Its results are left untyped here, so that none of its types are needed.
 */
export interface FastCheck {
  nat(max: number): object;
  array(item: object, size: object): object;
  tuple(...items: object[]): object;
  asyncProperty(drawn: object, check: object): object;
  check(property: object, options: object): object;
}

/** An arbitrary of fast-check. */
interface Drawn {
  map(make: (choices: Choices) => string): object;
}

/** The choices that make a scenario: numbers whose remainders select something. */
type Choices = readonly [
  seed: number,
  parents: readonly number[],
  links: readonly Pair[],
  hosts: readonly number[],
  acts: readonly Act[],
  swarm: number,
];
type Pair = readonly [number, number];
type Act = readonly [gap: number, what: number, where: number, other: number, lasting: number];

const many = 0xffff;
/** The default for the longest duration of a fault, in milliseconds. */
export const defaultSpan = 10_000;
const defaults = { switches: 4, links: 2, latency: 1, hosts: 4, acts: 6, span: defaultSpan, pings: true, fstp: true, dhcp: false } as const;
const defaultFaults: readonly ScenarioFault[] = ['cut', 'silence', 'impair', 'hold', 'crash', 'partition', 'flap', 'vary'];
const qualities = ['loss 30', 'delay 50+50', 'dup 20', 'noise 1000', 'loss 20, lostburst 5', 'delay 20+20, fifo 0'];
const markov = 'time 200; state good loss 0; state bad loss 80, delay 5+5; edge 0,1,20; edge 1,0,30';

/**
 * Returns scenarios for fast-check, for properties of your own: `fc.asyncProperty(scenarios(fc), async (text) => …play(text)…)`. When a
 * text ends, all its faults are over.
 *
 * @example
 * ```ts
 * import fc from 'fast-check';
 * import { play, scenarios } from 'etherloom/lab';
 *
 * fc.assert(
 *   fc.property(scenarios(fc, { faults: ['cut', 'crash'] }), (text) => {
 *     using net = play(text);
 *     return net.switches.length > 0;
 *   }),
 *   { numRuns: 5 },
 * );
 * ```
 */
export function scenarios<Fc extends FastCheck & { string(): unknown }>(fc: Fc, options: ScenarioOptions = {}): ReturnType<Fc['string']> {
  checkScenario(options);
  return drawScenarios(fc, options) as ReturnType<Fc['string']>;
}

/** Throws EtherloomError('bad-option') if an option is not valid. */
export function checkScenario(options: ScenarioOptions): void {
  checkOptions(options, scenarioWords);
  const { switches, links, hosts, acts, span, latency, faults = [], dhcp } = { ...defaults, ...options };
  checkCount('the number of switches', switches);
  checkCount('the number of hosts', hosts);
  if (!(switches >= 1 && hosts >= 2))
    throw new EtherloomError('bad-option', 'a scenario needs at least one switch and two hosts; raise { switches } or { hosts }');
  checkCount('the number of links', links);
  checkCount('the number of acts', acts);
  checkCount('the span of a fault', span, 1);
  checkNumber('the latency of a link', latency);
  const known: readonly string[] = scenarioFaults;
  const unknown = faults.find((fault) => !known.includes(fault));
  if (unknown !== undefined) throw new EtherloomError('bad-option', `unknown fault "${unknown}"; use some of: ${known.join(', ')}`);
  if (typeof dhcp === 'object') checkOptions(dhcp, dhcpWords);
}

/** Returns an arbitrary of fast-check that draws the texts. */
export function drawScenarios(fc: FastCheck, options: ScenarioOptions): object {
  const { switches, links, hosts, acts, fstp } = { ...defaults, ...options };
  const number = fc.nat(many);
  const list = (item: object, maxLength: number, minLength = 0): object => fc.array(item, { minLength, maxLength, size: 'max' });
  const choices = fc.tuple(
    fc.nat(many),
    list(number, switches - 1),
    list(fc.tuple(number, number), fstp ? links : 0),
    list(number, hosts, 2),
    list(fc.tuple(number, number, number, number, number), acts),
    number,
  );
  return (choices as Drawn).map((drawn) => textOf(drawn, options));
}

/** Returns the scenario made by those choices. */
function textOf([seed, parents, extra, hosts, acts, swarm]: Choices, options: ScenarioOptions): string {
  const { fstp, dhcp, latency } = { ...defaults, ...options };
  const size = parents.length + 1;
  const between = [...parents.map((parent, at): Pair => [at + 1, parent % (at + 1)]), ...extra.map(([a, b]): Pair => [a % size, b % size])];
  const links = between.filter(([a, b]) => a !== b).map(([a, b]): Pair => [Math.min(a, b) + 1, Math.max(a, b) + 1]);
  const names = links.map(([a, b], at) => {
    const before = links.slice(0, at).filter(([c, d]) => a === c && b === d).length;
    return `s${a}-s${b}${before === 0 ? '' : `#${before + 1}`}`;
  });
  const placed = hosts.map((at, n) => `host h${n + 1} s${(at % size) + 1}${dhcp === false ? '' : ' dhcp'}`);
  return [
    `seed ${seed}`,
    ...Array.from({ length: size }, (_, n) => `switch s${n + 1}${fstp ? ' fstp' : ''}`),
    ...links.map(([a, b]) => `link s${a} s${b} latency ${latency}`),
    ...(dhcp === false ? [] : [formatLine('dhcp s1', dhcp === true ? '' : formatWords(dhcp))]),
    ...placed,
    ...happenings(
      acts,
      { size, places: hosts.map((at) => at % size), links: [...names, ...hosts.map((at, n) => `h${n + 1}-s${(at % size) + 1}`)] },
      { ...options, faults: someOf(options.faults ?? defaultFaults, swarm) },
    ),
    '',
  ].join('\n');
}

/**
 * Returns some of the faults, or all. Fewer kinds at once reveal more, since one kind can hide the effect of another. [A. Groce et al.,
 * Swarm Testing, 2012]
 */
function someOf(faults: readonly ScenarioFault[], swarm: number): readonly ScenarioFault[] {
  const some = faults.filter((_, at) => ((swarm >> at) & 1) === 1);
  return some.length === 0 ? faults : some;
}

interface Parts {
  readonly size: number;
  /** The index of each host's switch, from 0. */
  readonly places: readonly number[];
  readonly links: readonly string[];
}

/** Returns the acts and the ends of faults as lines, in the order of time. */
function happenings(acts: readonly Act[], parts: Parts, options: ScenarioOptions): string[] {
  const { span, pings, dhcp, faults = [] } = { ...defaults, ...options };
  const events: { readonly time: number; readonly text: string }[] = [];
  let now = 0;
  acts.forEach(([gap, what, where, other, lasting], n) => {
    now += gap % span;
    const kind = pings && what % (faults.length + 1) === faults.length ? 'ping' : faults[what % faults.length];
    // Only hosts with known addresses are pinged; with DHCP they are not known.
    if (kind === 'ping') {
      const to = dhcp === false ? `10.0.0.${(other % parts.places.length) + 1}` : '10.77.0.1';
      events.push({ time: now, text: `ping h${(where % parts.places.length) + 1} ${to}` });
      return;
    }
    const end = now + 1 + (lasting % span);
    const text = kind && faultText(kind, where, other, parts);
    if (text === undefined) return;
    events.push({ time: now, text: `f${n + 1} = ${text}` }, { time: end, text: `end f${n + 1}` });
  });
  events.sort((a, b) => a.time - b.time);
  return events.flatMap(({ time, text }, at) => (events[at - 1]?.time === time ? [text] : [`at ${time}`, text]));
}

function faultText(kind: ScenarioFault, where: number, other: number, { size, places, links }: Parts): string | undefined {
  const link = links[where % links.length] ?? '';
  if (kind === 'partition') return partitionText(other, size, places);
  if (kind === 'flap') return `flap ${link} up ${200 + (other % 2000)} down ${200 + (other % 700)}`;
  if (kind === 'vary') return `vary ${link} ${markov}`;
  if (kind === 'crash') return `crash s${(where % size) + 1}`;
  const host = `h${(where % places.length) + 1}`;
  if (kind === 'crash-host') return `crash ${host}`;
  if (kind === 'fail-disk') return `fail-disk ${host}`;
  if (kind === 'skew') {
    const node = where % (size + places.length);
    return `skew ${node < size ? `s${node + 1}` : `h${node - size + 1}`} rate ${0.8 + (other % 5) / 10} wall ${(other % 200) - 100}`;
  }
  if (kind === 'impair') return `impair ${link} ${qualities[other % qualities.length] ?? ''}`;
  const side = /^(\w+)-(\w+)/.exec(link)?.[1 + (other % 3)];
  return kind === 'cut' || side === undefined ? `${kind} ${link}` : `${kind} ${link} from ${side}`;
}

/** Returns a partition of some switches, with the hosts at them, from all others; undefined if there is only one switch. */
function partitionText(choice: number, size: number, places: readonly number[]): string | undefined {
  if (size < 2) return undefined;
  // Some of them: at least one, and not all.
  const which = 1 + (choice % (2 ** Math.min(size, 16) - 2));
  const isIn = (at: number): boolean => ((which >> at) & 1) === 1;
  const switches = Array.from({ length: size }, (_, at) => at).filter(isIn);
  const hosts = places.flatMap((at, n) => (isIn(at) ? [`h${n + 1}`] : []));
  return `partition ${[...switches.map((at) => `s${at + 1}`), ...hosts].join(',')}`;
}

/** The options of scenarios that are drawn. */
export const scenarioWords = {
  switches: 'number',
  links: 'number',
  hosts: 'number',
  latency: 'number',
  acts: 'number',
  span: 'number',
  faults: 'texts',
  pings: 'flag',
  fstp: 'flag',
  dhcp: 'flag-or-options',
} as const satisfies Wording<ScenarioOptions>;
