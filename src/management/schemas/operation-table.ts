/**
 * All operations, each with the schemas of its arguments and of its value, with which a face can check and describe them. The console parses its own
 * arguments and does not load this table: the schemas would take a quarter of a switch's start-up time.
 */
import { z } from 'zod';
import type { AnyOperation } from '../operation.ts';
import * as addresses from '../operations/addresses.ts';
import * as captures from '../operations/captures.ts';
import { impairPort, setUp } from '../operations/conditions.ts';
import { showCounters } from '../operations/counters.ts';
import * as dhcp from '../operations/dhcp.ts';
import * as group from '../operations/group.ts';
import * as links from '../operations/links.ts';
import { showMetrics } from '../operations/metrics.ts';
import * as mirrors from '../operations/mirrors.ts';
import * as ports from '../operations/ports.ts';
import { showSettings } from '../operations/settings.ts';
import * as star from '../operations/star.ts';
import * as stations from '../operations/stations.ts';
import * as ofSwitch from '../operations/switch.ts';
import * as trees from '../operations/trees.ts';
import * as vlans from '../operations/vlans.ts';
import { leaseStates } from '../parts/dhcp.ts';
import { metricDefinitions, type MetricName } from '../metric-definitions.ts';
import { mostPorts } from '../port-table.ts';
import * as ofGroup from './group-values.ts';
import type { SameAs } from './same.ts';
import * as values from './values.ts';

/** An operation with the schemas of its arguments and its value. */
export interface OperationEntry {
  readonly operation: AnyOperation<never, unknown>;
  readonly args: z.ZodType;
  /** The schema of the value. */
  readonly value: z.ZodType;
}

const none = z.object({});
const port = z
  .int()
  .min(0)
  .max(mostPorts - 1)
  .describe('the number of a port');
/** Shortcuts are numbered beyond all ports. */
const portOrShortcut = z
  .int()
  .min(0)
  .max(2 * mostPorts - 1)
  .describe('the number of a port; or of a shortcut, as events name it');
const onPort = z.object({ port });
const onPorts = z.object({ port: port.optional() });
const vlan = z.int().min(0).max(4094).describe('the number of a VLAN');
const onVlan = z.object({ vlan });
const onMember = z.object({ vlan, port });
const seconds = z.object({ seconds: z.int32() });
const toFile = z.object({ path: z.string().describe('the path of a file, which is opened with the rights of the caller') });
const range = z.object({ range: z.string().describe('a range of IP addresses, such as 10.0.0.0/8') });
const account = z.object({ port, name: z.string().describe('a name, a number, or NONE') });
const address = z.ipv4();
const leases = z.object({
  from: address.optional(),
  state: z.enum(leaseStates).optional(),
  limit: z.int().min(1).max(dhcp.mostLeases).optional(),
});

const memberId = z.int().min(1).max(65_535).describe('the id of a member');
const onSlave = z.object({ id: memberId });
const token = z.object({
  uses: z.union([z.int().min(1), z.literal('any')]).optional(),
  expires: z.int().min(1).max(3_155_760_000).optional().describe('seconds, at most 100 years'),
  id: memberId.optional(),
  name: z.string().optional(),
  ephemeral: z.boolean().optional(),
});

const samples = z.array(
  z.object({
    name: z.enum(Object.keys(metricDefinitions) as MetricName[]),
    labels: z.record(z.string(), z.string()),
    value: z.number(),
  }),
);

/** The table of operations, by subject. */
export const operationTable: readonly OperationEntry[] = [
  row(ports.showPortTable, none, values.portTable),
  row(ports.setNumports, z.object({ count: z.int().min(1).max(mostPorts) }), values.none),
  row(ports.setHub, z.object({ hub: z.boolean() }), values.none),
  row(ports.setUntagged, z.object({ port, vlan: z.union([z.int().min(0).max(4094), z.literal('none')]) }), values.none),
  row(ports.createPort, onPorts, values.portNumber),
  row(ports.removePort, onPort, values.none),
  row(ports.setAllocatable, z.object({ port, allocatable: z.boolean() }), values.none),
  row(ports.setSticky, z.object({ port, sticky: z.boolean() }), values.none),
  row(ports.setGuard, z.object({ port, guarded: z.boolean() }), values.none),
  row(ports.setUser, account, values.none),
  row(ports.setGroup, account, values.none),
  row(ports.closeEndpoint, z.object({ port, id: z.int().min(0) }), values.none),
  row(ports.resetCounters, onPorts, values.none),
  row(ports.listPorts, onPorts, values.ports),
  row(showCounters, none, values.counters),
  row(ports.explainFrame, z.object({ port: portOrShortcut, frame: z.string().describe('a frame, in hexadecimal') }), values.explanation),
  row(setUp, z.object({ port, up: z.boolean() }), values.none),
  row(impairPort, z.object({ port, words: z.string().optional().describe('such as "loss 5, delay 20+5", or off') }), values.impairment),
  row(dhcp.showDhcp, none, values.dhcp),
  row(dhcp.listLeases, leases, values.leases),
  row(dhcp.showLease, z.object({ address }), values.lease),
  row(dhcp.releaseLease, z.object({ address }), values.none),
  row(star.showStar, none, values.star),
  row(star.listMembers, none, values.slaves),
  row(star.listStarLinks, none, values.starLinks),
  row(star.showGuest, none, values.guest),
  row(star.endGuest, none, values.none),
  row(star.restartGuest, none, values.none),
  row(group.showGroup, none, ofGroup.group),
  row(group.listGroup, none, ofGroup.members),
  row(group.kickMember, onSlave.extend({ keepToken: z.boolean().optional() }), ofGroup.kick),
  row(group.renameMember, onSlave.extend({ name: z.string() }), ofGroup.renamed),
  row(group.replaceMember, onSlave, ofGroup.newToken),
  row(group.acceptMember, onSlave, values.none),
  row(group.listContenders, onSlave, ofGroup.contenders),
  row(group.takeOver, onSlave.extend({ number: z.int().min(1) }), values.none),
  row(group.leaveGroup, none, values.none),
  row(group.rekeyMaster, z.object({ how: z.enum(['now', 'cancel']).optional() }), ofGroup.rekey),
  row(group.endGroup, none, values.none),
  row(group.newToken, token, ofGroup.newToken),
  row(group.listTokens, none, ofGroup.tokens),
  row(group.revokeToken, z.object({ id: z.string().describe('the public id of a token') }), values.none),
  row(showMetrics, z.object({ prefix: z.string().optional().describe('the beginning of the names to show') }), samples),
  row(vlans.createVlan, onVlan, values.none),
  row(vlans.removeVlan, onVlan, values.none),
  row(vlans.addMember, onMember, values.none),
  row(vlans.removeMember, onMember, values.none),
  row(vlans.setTrunk, z.object({ port, trunk: z.boolean() }), values.none),
  row(vlans.listVlans, z.object({ vlan: vlan.optional(), active: z.boolean().optional() }), values.vlans),
  row(trees.showBridge, none, values.bridge),
  row(trees.setTree, z.object({ on: z.boolean() }), values.treeState),
  row(trees.setEdge, z.object({ vlan, port, edge: z.boolean() }), values.none),
  row(trees.setBonus, z.object({ vlan, port, cost: z.int32() }), values.none),
  row(trees.setMaxAge, z.object({ bridges: z.int().min(0).max(255) }), values.none),
  row(trees.setBothEnds, z.object({ both: z.boolean() }), values.none),
  row(trees.listTrees, z.object({ vlan: vlan.optional() }), values.trees),
  row(stations.showStationSettings, none, values.stationSettings),
  row(stations.setTableSize, z.object({ size: z.int().min(1) }), values.none),
  row(stations.setSweeps, seconds, values.none),
  row(stations.setExpiry, seconds, values.none),
  row(stations.setPersistence, seconds, values.none),
  row(stations.listStations, none, values.stations),
  row(
    stations.findStation,
    z.object({ mac: z.string().describe('a MAC address'), vlan: z.int().min(0).max(4095).optional() }),
    values.station,
  ),
  row(captures.startCapture, onPort.extend(toFile.shape), values.none),
  row(captures.stopCapture, onPort, values.none),
  row(captures.listCaptures, none, values.captures),
  row(captures.startRecording, toFile, values.none),
  row(captures.stopRecording, none, values.none),
  row(captures.reportFrames, z.object({ on: z.boolean() }), values.none),
  row(mirrors.addMirror, z.object({ port, to: port, quiet: z.boolean().optional() }), values.none),
  row(mirrors.removeMirror, z.object({ port, to: port.optional() }), values.none),
  row(mirrors.listMirrors, none, values.mirrors),
  row(
    links.addLink,
    z.object({ address: z.string().describe('of a port, such as tcp://HOST:PORT'), plain: z.boolean().optional() }),
    values.none,
  ),
  row(links.removeLink, z.object({ id: z.int().min(1) }), values.none),
  row(links.listLinks, none, values.links),
  row(addresses.showAddressLog, none, values.addressLog),
  row(addresses.setAddressFile, toFile.partial(), values.none),
  row(addresses.addRange, range, values.none),
  row(addresses.removeRange, range, values.none),
  row(addresses.listRanges, none, values.ranges),
  row(addresses.setAddressSweeps, seconds, values.none),
  row(addresses.setAddressExpiry, seconds, values.none),
  row(
    addresses.listAddresses,
    z.object({ port: port.optional(), user: z.string().optional(), address: z.string().optional() }),
    values.addresses,
  ),
  row(ofSwitch.showSockets, none, values.sockets),
  row(ofSwitch.showSwitch, none, values.ofSwitch),
  row(ofSwitch.shutDown, none, values.none),
  row(showSettings, none, values.settings),
];

/** Makes an entry of the table. The compiler checks the schemas against the operation's arguments and its value. */
function row<Args, Value, Schema extends z.ZodType>(
  operation: AnyOperation<Args, Value>,
  args: z.ZodType<Args>,
  value: Schema & SameAs<NoVoid<Value>, z.output<Schema>>,
): OperationEntry {
  return { operation, args, value };
}

/** Without a value, an operation may also return nothing at all. */
type NoVoid<Value> = Value extends unknown ? (undefined extends Value ? undefined : Value) : never;
