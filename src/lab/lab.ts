/** The lab: networks of switches, hosts and faults in virtual time. This file is its door, `etherloom/lab`. */
import { Network, type LabOptions } from './network.ts';

export type { Clock, Timer } from '../clock.ts';
export { EtherloomError, type ErrorCode } from '../errors.ts';
export type { Random } from '../random.ts';
export * from './assertions.ts';
export { captureOf } from './capture.ts';
export type { FrameMatch, Verdict } from './checks.ts';
export type { Step } from './record.ts';
export type { RunView, ViewFault, ViewFrame, ViewMoment, ViewNode, ViewNote } from '../page/page.ts';
export type { LabDhcp, LabDhcpOptions } from './lab-dhcp.ts';
export type { HostProgram, HostRandom, HostSurroundings, LogLine } from './host-program.ts';
export type { LabDisk } from './lab-disk.ts';
export type { LabHost, PingTarget } from './lab-host.ts';
export type { LabHostOptions, PingOptions } from './lab-host-options.ts';
export type { LabStation, LabStationOptions, Received, StationProgram } from './lab-station.ts';
export type { LabSwitchOptions } from './lab-switch-options.ts';
export type { LabSwitch } from './lab-switch.ts';
export type { LabDatagram, LabRefusal, LabUdpOptions, LabUdpSocket, UdpProgram } from './lab-udp-socket.ts';
export type { LinkEnd, LinkOwner } from './link-end.ts';
export type { Link, LinkOptions, Side } from './link.ts';
export type { FlapTimes } from '../impairment/flap.ts';
export type { Amount, Markov, Quality } from '../impairment/impairment.ts';
export type { LabOptions, Network } from './network.ts';
export type { Span } from './span.ts';
export { matchers, type LabMatchers } from './matchers.ts';
export type { NewLink, Node, StationLink } from './plugs.ts';
export { rolesOf } from './figure.ts';
export { play, recording } from './scenario.ts';
export { scenarios, type FastCheck, type ScenarioFault, type ScenarioOptions } from './scenarios.ts';
export { survives, type SurvivalCheck, type SurvivalOptions, type SurvivalPreparation } from './survival.ts';
export type { Watch } from './watch.ts';
export { seededRandom } from './seeded-random.ts';
export type { Skew } from './skewed-clock.ts';
export type { Star, StarOptions, Topology, TopologyOptions, TreeOptions } from './topologies.ts';
export { fromPcap, type Tape, type TapeOptions } from './tape.ts';
export type { Fate, Hop } from './trace.ts';
export { viewOf, type ViewOptions } from './view.ts';

/**
 * Returns a new, empty network. Throws EtherloomError('bad-option').
 *
 * @example
 * ```ts
 * import { lab } from 'etherloom/lab';
 *
 * using net = lab({ seed: 7 });
 * const s1 = net.switch('s1');
 * const [a, b] = [net.host('a', s1), net.host('b', s1, { latency: 3 })];
 * console.log(await a.ping(b)); // 9.15
 * ```
 */
export function lab(options: LabOptions = {}): Network {
  return new Network(options);
}
