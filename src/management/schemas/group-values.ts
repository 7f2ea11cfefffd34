/** The schemas of the values of operations on a group. The compiler compares them with the types of the operations: see operation-table.ts. */
import { z } from 'zod';

const id = z.int().min(0).describe('the id of a member, 0 for the master');
const time = z.string().describe('an ISO 8601 time');

const pinless = z.object({ id, name: z.string(), why: z.enum(['away', 'disputed', 'unconfirmed']) });

const frames = z.object({ frames: z.number(), octets: z.number() });

/** See GroupView. */
export const group = z.object({
  role: z.enum(['master', 'slave']),
  group: z.string().optional(),
  self: id.optional(),
  fingerprint: z.string().optional(),
  term: z.int().optional(),
  masters: z.array(z.object({ pin: z.string(), addresses: z.array(z.string()) })),
  nextPin: z.object({ pins: z.array(z.string()), disputed: z.boolean(), missing: z.array(pinless) }).optional(),
  shortcuts: z
    .array(
      z.object({
        id,
        address: z.string(),
        port: z.int(),
        seconds: z.number(),
        received: frames,
        sent: frames,
        refused: z.record(z.string(), z.number()).describe('frames from it, by the rule that they broke'),
      }),
    )
    .optional()
    .describe('those of this slave; absent at a master, and at a slave that takes none'),
  counts: z.object({ members: z.int(), linked: z.int(), waiting: z.int() }).optional(),
});

const traffic = z.object({ frames: z.number(), octets: z.number(), rate: z.number().optional().describe('octets per second of late') });

/** See GroupMemberView. */
export const members = z.array(
  z.object({
    id,
    name: z.string(),
    role: z.enum(['master', 'slave']),
    state: z.enum(['waiting', 'away', 'joined', 'linked', 'suspect']),
    host: z.string().optional().describe('as the member told it: any characters'),
    address: z.string().optional(),
    fingerprint: z.string().optional(),
    ephemeral: z.boolean(),
    since: time.optional(),
    joined: z.number().optional().describe('seconds; absent while it is not connected'),
    token: z.string().optional(),
    version: z.string().optional(),
    link: z
      .object({
        port: z.int(),
        up: z.boolean(),
        seconds: z.number(),
        roundTrip: z.number().optional().describe('milliseconds'),
        refused: z.record(z.string(), z.number()),
        received: traffic,
        sent: traffic,
      })
      .optional(),
    guest: z.object({ mac: z.string(), state: z.string(), address: z.string().optional() }).optional(),
    shortcuts: z.array(id).optional().describe('the members to which it has a shortcut; absent if it takes none'),
    contenders: z.int(),
  }),
);

/** See KickView. */
export const kick = z.object({ id, name: z.string(), token: z.string().optional(), revoked: z.boolean(), others: z.int() });

/** The name that a member got. */
export const renamed = z.object({ name: z.string() });

/** See TokenView. */
export const token = z.object({
  id: z.string(),
  state: z.enum(['good', 'used-up', 'expired', 'revoked']),
  uses: z.union([z.int(), z.literal('any')]),
  used: z.int(),
  made: time,
  expires: time,
  member: z.object({ id: id.optional(), name: z.string().optional() }),
  ephemeral: z.boolean(),
});

/** The tokens of a group. */
export const tokens = z.array(token);

/** See NewTokenView. */
export const newToken = z.object({ token, lines: z.array(z.string()).describe('secrets, which are not shown again') });

/** See ContenderView. */
export const contenders = z.array(
  z.object({ number: z.int(), host: z.string().optional(), address: z.string(), since: time, present: z.boolean() }),
);

/** See RekeyView. */
export const rekey = z.object({
  state: z.enum(['telling', 'changed', 'cancelled']),
  pin: z.string(),
  missing: z.array(pinless),
  revoked: z.int(),
});
