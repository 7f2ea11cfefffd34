/**
 * All operations, each with the schema of its arguments, with which a face can check and describe them. The console parses its own
 * arguments and does not load this table: the schemas would take a quarter of a switch's start-up time.
 */
import { z } from 'zod';
import type { AnyOperation } from '../operation.ts';
import * as addresses from '../operations/addresses.ts';
import * as captures from '../operations/captures.ts';
import { impairPort, setUp } from '../operations/conditions.ts';
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
import { mostPorts } from '../port-table.ts';

/** An operation with the schema of its arguments. */
export interface OperationEntry {
  readonly operation: AnyOperation<never, unknown>;
  readonly args: z.ZodType;
}

const none = z.object({});
const port = z
  .int()
  .min(0)
  .max(mostPorts - 1)
  .describe('the number of a port');
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
  expires: z.int().min(1).optional().describe('seconds'),
  id: memberId.optional(),
  name: z.string().optional(),
  ephemeral: z.boolean().optional(),
});

/** The table of operations, by subject. */
export const operationTable: readonly OperationEntry[] = [
  takes(ports.showPortTable, none),
  takes(ports.setNumports, z.object({ count: z.int().min(1).max(mostPorts) })),
  takes(ports.setHub, z.object({ hub: z.boolean() })),
  takes(ports.setUntagged, z.object({ port, vlan: z.union([z.int().min(0).max(4094), z.literal('none')]) })),
  takes(ports.createPort, onPorts),
  takes(ports.removePort, onPort),
  takes(ports.setAllocatable, z.object({ port, allocatable: z.boolean() })),
  takes(ports.setSticky, z.object({ port, sticky: z.boolean() })),
  takes(ports.setGuard, z.object({ port, guarded: z.boolean() })),
  takes(ports.setUser, account),
  takes(ports.setGroup, account),
  takes(ports.closeEndpoint, z.object({ port, id: z.int().min(0) })),
  takes(ports.resetCounters, onPorts),
  takes(ports.listPorts, onPorts),
  takes(ports.explainFrame, z.object({ port, frame: z.string().describe('a frame, in hexadecimal') })),
  takes(setUp, z.object({ port, up: z.boolean() })),
  takes(impairPort, z.object({ port, words: z.string().optional().describe('such as "loss 5, delay 20+5", or off') })),
  takes(dhcp.showDhcp, none),
  takes(dhcp.listLeases, leases),
  takes(dhcp.showLease, z.object({ address })),
  takes(dhcp.releaseLease, z.object({ address })),
  takes(star.showStar, none),
  takes(star.listMembers, none),
  takes(star.listStarLinks, none),
  takes(star.showGuest, none),
  takes(star.endGuest, none),
  takes(star.restartGuest, none),
  takes(group.showGroup, none),
  takes(group.listGroup, none),
  takes(group.kickMember, onSlave.extend({ keepToken: z.boolean().optional() })),
  takes(group.renameMember, onSlave.extend({ name: z.string() })),
  takes(group.replaceMember, onSlave),
  takes(group.acceptMember, onSlave),
  takes(group.listContenders, onSlave),
  takes(group.takeOver, onSlave.extend({ number: z.int().min(1) })),
  takes(group.leaveGroup, none),
  takes(group.rekeyMaster, z.object({ how: z.enum(['now', 'cancel']).optional() })),
  takes(group.endGroup, none),
  takes(group.newToken, token),
  takes(group.listTokens, none),
  takes(group.revokeToken, z.object({ id: z.string().describe('the public id of a token') })),
  takes(showMetrics, z.object({ prefix: z.string().optional().describe('the beginning of the names to show') })),
  takes(vlans.createVlan, onVlan),
  takes(vlans.removeVlan, onVlan),
  takes(vlans.addMember, onMember),
  takes(vlans.removeMember, onMember),
  takes(vlans.setTrunk, z.object({ port, trunk: z.boolean() })),
  takes(vlans.listVlans, z.object({ vlan: vlan.optional(), active: z.boolean().optional() })),
  takes(trees.showBridge, none),
  takes(trees.setTree, z.object({ on: z.boolean() })),
  takes(trees.setEdge, z.object({ vlan, port, edge: z.boolean() })),
  takes(trees.setBonus, z.object({ vlan, port, cost: z.int32() })),
  takes(trees.setMaxAge, z.object({ bridges: z.int().min(0).max(255) })),
  takes(trees.setBothEnds, z.object({ both: z.boolean() })),
  takes(trees.listTrees, z.object({ vlan: vlan.optional() })),
  takes(stations.showStationSettings, none),
  takes(stations.setTableSize, z.object({ size: z.int().min(1) })),
  takes(stations.setSweeps, seconds),
  takes(stations.setExpiry, seconds),
  takes(stations.setPersistence, seconds),
  takes(stations.listStations, none),
  takes(stations.findStation, z.object({ mac: z.string().describe('a MAC address'), vlan: z.int().min(0).max(4095).optional() })),
  takes(captures.startCapture, onPort.extend(toFile.shape)),
  takes(captures.stopCapture, onPort),
  takes(captures.listCaptures, none),
  takes(captures.startRecording, toFile),
  takes(captures.stopRecording, none),
  takes(captures.reportFrames, z.object({ on: z.boolean() })),
  takes(mirrors.addMirror, z.object({ port, to: port, quiet: z.boolean().optional() })),
  takes(mirrors.removeMirror, z.object({ port, to: port.optional() })),
  takes(mirrors.listMirrors, none),
  takes(links.addLink, z.object({ address: z.string().describe('of a port, such as tcp://HOST:PORT'), plain: z.boolean().optional() })),
  takes(links.removeLink, z.object({ id: z.int().min(1) })),
  takes(links.listLinks, none),
  takes(addresses.showAddressLog, none),
  takes(addresses.setAddressFile, toFile.partial()),
  takes(addresses.addRange, range),
  takes(addresses.removeRange, range),
  takes(addresses.listRanges, none),
  takes(addresses.setAddressSweeps, seconds),
  takes(addresses.setAddressExpiry, seconds),
  takes(addresses.listAddresses, z.object({ port: port.optional(), user: z.string().optional(), address: z.string().optional() })),
  takes(ofSwitch.showSockets, none),
  takes(ofSwitch.showSwitch, none),
  takes(ofSwitch.shutDown, none),
  takes(showSettings, none),
];

/** Makes an entry of the table. The compiler checks the schema against the operation's arguments. */
function takes<Args>(operation: AnyOperation<Args, unknown>, args: z.ZodType<Args>): OperationEntry {
  return { operation, args };
}
