/**
 * All operations, each with the schema of its arguments, from which a face can check arguments that it did not read itself and describe what
 * it takes. The console reads its own arguments, and does not load this table: the schemas would be a quarter of the time that a switch takes
 * to start.
 */
import { z } from 'zod';
import type { Operation } from './operation.ts';
import { impairPort, setUp } from './operations/conditions.ts';
import * as dhcp from './operations/dhcp.ts';
import * as ports from './operations/ports.ts';
import { leaseStates } from './parts/dhcp.ts';
import { mostPorts } from './port-table.ts';

/** An operation with the schema of its arguments. */
export interface OperationEntry {
  readonly operation: Operation<never, unknown>;
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
const account = z.object({ port, name: z.string().describe('a name, a number, or NONE') });
const address = z.ipv4();
const leases = z.object({
  from: address.optional(),
  state: z.enum(leaseStates).optional(),
  limit: z.int().min(1).max(dhcp.mostLeases).optional(),
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
];

/** Puts an operation into the table. The compiler holds the schema against the operation's arguments. */
function takes<Args>(operation: Operation<Args, unknown>, args: z.ZodType<Args>): OperationEntry {
  return { operation, args };
}
