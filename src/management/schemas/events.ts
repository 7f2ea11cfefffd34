/** The schemas of the events of a service. */
import { z } from 'zod';
import type { TimedEvent } from '../events.ts';
import type { SameAs } from './same.ts';
import { guest } from './values.ts';

const [port, vlan, count] = [z.int().min(0), z.int().min(0), z.number().min(0)];
const time = z.string().describe('an ISO 8601 time');
const mac = z.string();

/** Makes the schema of a kind of events. */
const event = <Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) =>
  z.object({ kind: z.literal(kind), time, ...shape });

const memberChanges = [
  ...(['joined', 'linked', 'unlinked', 'suspect', 'lost', 'waiting', 'accepted', 'refused', 'copied', 'kicked', 'left'] as const),
  ...(['renamed', 'replaced', 'forgotten', 'guest', 'next-pin', 'holds-pin', 'new-pin', 'pin-kept', 'disputed'] as const),
  ...(['shortcut-opened', 'shortcut-closed', 'ended'] as const),
] as const;

/** The events by their kinds. Texts in them may have any characters. */
const kinds = {
  port: event('port', {
    change: z.enum(['added', 'emptied', 'removed', 'up', 'down', 'set']),
    port,
    condition: z.string().optional().describe('in words, after `set`'),
  }),
  endpoint: event('endpoint', { change: z.enum(['joined', 'left']), port, id: z.int(), module: z.string(), description: z.string() }),
  station: event('station', {
    change: z.literal('moved'),
    mac,
    vlan,
    from: port,
    to: port,
    stays: z.boolean(),
    more: count.describe('further moves since the last report'),
  }),
  loop: event('loop', { ports: z.array(port), stations: count, frames: count }),
  root: event('tree', { change: z.literal('root'), vlan, root: z.string(), port: port.optional() }),
  tree: event('tree', { change: z.enum(['forwarding', 'blocked']), vlan, port }),
  neighbour: event('tree', { change: z.enum(['neighbour', 'no-neighbour']), vlan, port }),
  link: event('link', { change: z.enum(['up', 'down']), port, peer: z.string() }),
  lease: event('lease', {
    change: z.string().describe('such as bound, renewed, released, expired'),
    mac: mac.optional(),
    address: z.string().optional(),
    port: port.optional(),
    hostname: z.string().optional(),
    reason: z.string().optional(),
  }),
  member: event('member', {
    change: z.enum(memberChanges),
    id: z.int().optional(),
    name: z.string().optional(),
    host: z.string().optional(),
    address: z.string().optional(),
    fingerprint: z.string().optional(),
    version: z.string().optional(),
    peer: z.object({ id: z.int(), name: z.string().optional() }).optional().describe('the member at the far end of a shortcut'),
    reason: z.string().optional(),
  }),
  guest: event('guest', guest.shape),
  drops: event('drops', {
    port,
    endpoint: z.int().optional().describe('absent if the switch itself dropped them'),
    member: z.object({ id: z.int(), name: z.string().optional() }).optional(),
    reason: z.string(),
    frames: count.describe('since the last event'),
  }),
  operation: event('operation', { name: z.string().describe('of an operation that changed something, whichever face ran it') }),
};

/** An event of a service. */
export const serviceEvent = sameAs<TimedEvent>()(z.union(Object.values(kinds)));

/** Returns a function that returns its schema, which the compiler compares with a type. */
function sameAs<Value>(): <Schema extends z.ZodType>(schema: Schema & SameAs<Value, z.output<Schema>>) => Schema {
  return (schema) => schema;
}
