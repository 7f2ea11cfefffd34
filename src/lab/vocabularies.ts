import type { FlapTimes } from '../impairment/flap.ts';
import type { Quality } from '../impairment/impairment.ts';
import type { FabricOptions } from './fabric.ts';
import type { LabDhcpOptions } from './lab-dhcp.ts';
import type { LabHostOptions, PingOptions } from './lab-host-options.ts';
import type { LabStationOptions, StationProgram } from './lab-station.ts';
import type { LabSwitchOptions } from './lab-switch.ts';
import type { LabUdpOptions } from './lab-udp-socket.ts';
import type { Side } from './link.ts';
import type { LabOptions, StationLink } from './network.ts';
import type { NewLink } from './plugs.ts';
import type { ScenarioOptions } from './scenarios.ts';
import type { Skew } from './skewed-clock.ts';
import type { SurvivalOptions } from './survival.ts';
import type { TapeOptions } from './tape.ts';
import type { StarOptions, TopologyOptions, TreeOptions } from './topologies.ts';
import type { ViewOptions } from './view.ts';
import type { Vocabulary } from './words.ts';

/*
 * The options that there are, each with what it is. The notation reads its words by them, and what the methods are given is checked by them: what
 * is not there is misspelt.
 */

type Wording<Options> = Readonly<Record<keyof Required<Options>, Vocabulary[string]>>;

/** Of a switch. */
export const switchWords = {
  ...{ fstp: 'flag', hub: 'flag', trunk: 'flag', vlans: 'numbers', mac: 'text', priority: 'number' },
  ...{ ageingTime: 'number', minPersistence: 'number', maxEntries: 'number' },
} as const satisfies Wording<LabSwitchOptions>;

/** Of a link. */
export const linkWords = {
  ...{ latency: 'number', mtu: 'number', untagged: 'vlan', tagged: 'numbers', trunk: 'flag' },
  ...{ loss: 'amount', lostburst: 'amount', dup: 'amount', noise: 'amount' },
  ...{ capacity: 'amount', speed: 'amount', bandwidth: 'amount', fifo: 'flag' },
} as const satisfies Wording<NewLink>;

/** Of a link that is impaired. */
export const impairmentWords = {
  ...{ mtu: 'amount', delay: 'amount', loss: 'amount', lostburst: 'amount', dup: 'amount', noise: 'amount' },
  ...{ capacity: 'amount', speed: 'amount', bandwidth: 'amount', fifo: 'flag' },
} as const satisfies Wording<Quality>;

/** Of a fault on one side of a link. */
export const sideWords = { from: 'options' } as const satisfies Wording<Side>;

/** Of a station and its link, but for its program. */
export const stationWords = {
  ...linkWords,
  ...{ vlan: 'number', mac: 'text' },
} as const satisfies Wording<StationLink & Omit<LabStationOptions, keyof StationProgram>>;

/** Of a station's program. */
export const programWords = { receive: 'function', carrier: 'function' } as const satisfies Wording<StationProgram>;

/** Of a host and its link, as the notation has them. */
export const hostWords = {
  ...stationWords,
  ...{ ip: 'text', router: 'text', dhcp: 'flag', ipv6: 'flag', ip6: 'text', router6: 'text', diskLatency: 'number' },
} as const satisfies Wording<StationLink & Omit<LabHostOptions, 'program'>>;

/** Of a host and its link, with its program. */
export const hostOptionWords = { ...hostWords, program: 'function' } as const satisfies Wording<StationLink & LabHostOptions>;

/** Of a DHCP server. */
export const dhcpWords = {
  ...{ network: 'text', address: 'text', range: 'text', vlan: 'number', reserve: 'texts', diskLatency: 'number' },
  ...{ router: 'text', dns: 'texts', domain: 'text', mtu: 'number' },
  ...{ leaseTime: 'number', minLeaseTime: 'number', maxLeaseTime: 'number' },
  ...{ offerTime: 'number', declineTime: 'number', orphanTime: 'number' },
  ...{ maxLeases: 'number', maxPortLeases: 'number', maxPortOffers: 'number' },
  ...{ authoritative: 'flag', leasePerMac: 'flag', bootp: 'flag', laxChecksum: 'flag', probe: 'flag' },
} as const satisfies Wording<LabDhcpOptions>;

/** Of a ping, as the notation has it. */
export const pingWords = { timeout: 'number', size: 'number', dontFragment: 'flag' } as const satisfies Partial<Wording<PingOptions>>;

/** Of a ping. */
export const pingOptionWords = { ...pingWords, ipv6: 'flag' } as const satisfies Wording<PingOptions>;

/** Of a UDP socket, as the notation has them. */
export const udpWords = {
  ...{ address: 'text', dontFragment: 'flag', multicastTtl: 'number', multicastLoopback: 'flag' },
} as const satisfies Partial<Wording<LabUdpOptions>>;

/** Of a UDP socket. */
export const udpOptionWords = { ...udpWords, ipv6: 'flag' } as const satisfies Wording<LabUdpOptions>;

/** Of a clock that is wrong. */
export const skewWords = { rate: 'number', wall: 'number' } as const satisfies Wording<Skew>;

/** Of a link that flaps. */
export const flapWords = { up: 'number', down: 'number' } as const satisfies Wording<FlapTimes>;

/** Of a partition. */
export const partitionWords = { silent: 'flag' } as const satisfies Vocabulary;

/** Of a network. */
export const labWords = {
  ...{ seed: 'number', history: 'number', calm: 'number', record: 'flag', poison: 'flag', evidence: 'function' },
} as const satisfies Wording<LabOptions & FabricOptions>;

/** Of a capture that is played. */
export const tapeWords = { interface: 'text' } as const satisfies Wording<TapeOptions>;

/** Of a ring. */
export const topologyWords = {
  ...{ switch: 'options', link: 'options', host: 'options', hosts: 'number', prefix: 'text' },
} as const satisfies Wording<TopologyOptions>;

/** Of a star. */
export const starWords = { ...topologyWords, dhcp: 'options' } as const satisfies Wording<StarOptions>;

/** Of a tree. */
export const treeWords = { ...topologyWords, depth: 'number', fanout: 'number' } as const satisfies Wording<TreeOptions>;

/** Of scenarios that are drawn. */
export const scenarioWords = {
  ...{ switches: 'number', links: 'number', hosts: 'number', latency: 'number', acts: 'number', span: 'number' },
  ...{ faults: 'texts', pings: 'flag', fstp: 'flag', dhcp: 'flag-or-options' },
} as const satisfies Wording<ScenarioOptions>;

/** Of what survives them. */
export const survivalWords = {
  ...scenarioWords,
  runs: 'number',
  seed: 'number',
  lab: 'options',
} as const satisfies Wording<SurvivalOptions>;

/** Of a view of a run. */
export const viewWords = {
  ...{ from: 'options', to: 'options', nodes: 'texts', frames: 'number', title: 'text' },
} as const satisfies Wording<ViewOptions>;
