/** The schemas of the values of operations on a switch. The compiler compares them with the types of the operations: see operation-table.ts. */
import { z } from 'zod';
import { leaseStates } from '../parts/dhcp.ts';

/** The value of an operation that only acts. */
export const none = z.undefined();

/** An account of this machine. */
const account = z.object({ id: z.int(), name: z.string().optional() });

/** A port number, a VLAN, and a count of frames or octets. */
const [port, vlan, count] = [z.int().min(0), z.int().min(0), z.number().min(0)];

/** Numbers of frames by reason. */
const byReason = z.record(z.string(), count);

/** One direction of a port. */
const traffic = z.object({ frames: count, octets: count });

const mac = z.string().describe('a MAC address: 00:ff:50:fa:8b:9e');
const bridgeId = z.string().describe('priority and MAC address of a bridge: 80:00:00:ff:50:fa:8b:9e');

/** The number of a new port. */
export const portNumber = port;

/** See PortTableView. */
export const portTable = z.object({ numports: z.int(), hub: z.boolean() });

const endpoint = z.object({
  id: z.int(),
  module: z.string(),
  description: z.string(),
  user: account.optional(),
  drops: byReason,
  mtu: z.int().optional().describe('octets; absent if only the longest frame limits it'),
});

/** See PortView. */
export const ports = z.array(
  z.object({
    port,
    up: z.boolean().describe('it has a carrier'),
    created: z.boolean().describe('a command created it, not its first endpoint'),
    untagged: z.union([vlan, z.literal('none')]).describe('the VLAN of untagged frames'),
    tagged: z.array(vlan).describe('the VLANs of which it is a tagged member'),
    trunk: z.boolean().describe('it carries all VLANs tagged'),
    allocatable: z.boolean().describe('clients that name no port may get it'),
    sticky: z.boolean().describe('its stations cannot move to another port'),
    current: account.optional().describe('the user of the first endpoint'),
    user: account.optional().describe('the only user that may use it'),
    group: account.optional().describe('the only group that may use it'),
    received: traffic.describe('since the last reset'),
    sent: traffic.describe('since the last reset'),
    drops: byReason.describe('frames that the switch dropped at it'),
    condition: z.string().describe('in words; empty if it is up and not impaired'),
    enabled: z.boolean().describe('false: a command took it down'),
    impairment: z.string().optional().describe('in words, such as "loss 5, delay 20+5"'),
    guarded: z.boolean().describe('what hostile stations send is refused'),
    quiet: z.boolean().describe('it only listens, because of a mirror'),
    endpoints: z.array(endpoint).describe('the newest first'),
  }),
);

/** See ExplanationView. */
export const explanation = z.object({
  decision: z.enum(['drop', 'take', 'repeat', 'forward', 'flood']),
  reason: z.string().optional(),
  vlan: vlan.optional(),
  egress: z.array(z.object({ port, tagged: z.boolean().optional() })),
  text: z.string(),
});

/** The impairment of a port, in words. */
export const impairment = z.string();

/** See DhcpView. */
export const dhcp = z.object({
  network: z.string(),
  server: z.string(),
  serverMac: mac,
  vlan,
  pool: z.int().describe('addresses for clients without a reservation'),
  leaseTime: z.number().describe('seconds'),
  leases: z.record(z.enum(leaseStates), z.int()),
  frames: z.record(z.string(), count).describe('by treatment'),
});

/** See LeaseView. */
export const lease = z.object({
  address: z.string(),
  state: z.enum(leaseStates),
  mac: mac.optional(),
  client: z.string().optional().describe('the client identifier, in hexadecimal'),
  hostname: z.string().optional().describe('as the client told it: any characters'),
  port: port.optional(),
  left: z.number().optional().describe('seconds until the state ends'),
});

/** See LeasePage. */
export const leases = z.object({ leases: z.array(lease), more: z.int() });

const starLink = z.object({
  port,
  peer: z.string(),
  up: z.boolean(),
  seconds: z.number().describe('since it went up, or down'),
  received: traffic,
  sent: traffic,
  drops: byReason,
});

/** See MasterView and SlaveView. */
export const star = z.union([
  z.object({
    role: z.literal('master'),
    network: z.string(),
    link: z.string(),
    control: z.string(),
    members: z.int(),
    joined: z.int(),
    joins: z.int(),
    refusals: z.int(),
    shortcuts: z.int().describe('pairs of slaves with one'),
  }),
  z.object({
    role: z.literal('slave'),
    master: z.string(),
    control: z.string(),
    id: z.int().optional(),
    mac: mac.optional(),
    address: z.string().optional(),
    network: z.string().optional(),
    joined: z.number().optional().describe('seconds; absent while there is no connection to the master'),
    joins: z.int(),
    link: starLink.optional(),
    shortcuts: z.int().describe('to other slaves'),
  }),
]);

/** See MemberView. */
export const slaves = z.array(
  z.object({
    id: z.int(),
    mac,
    address: z.string().optional(),
    joined: z.object({ from: z.string(), seconds: z.number() }).optional(),
  }),
);

/** See StarLinkView. */
export const starLinks = z.array(starLink);

/** See GuestView. */
export const guest = z.object({
  id: z.int(),
  mac,
  pid: z.int(),
  state: z.enum(['booting', 'booted', 'ready', 'ended']),
  address: z.string().optional(),
  starts: z.int(),
});

/** See VlanView. */
export const vlans = z.array(
  z.object({ vlan, members: z.array(z.object({ port, tagged: z.boolean(), active: z.boolean(), forwarding: z.boolean() })) }),
);

/** See BridgeView. */
export const bridge = z.object({
  mac,
  priority: z.int(),
  id: bridgeId,
  enabled: z.boolean(),
  maxAge: z.number().optional().describe('how many bridges away a root may be; absent if there is no limit'),
  bothEnds: z.boolean(),
});

/** Whether trees are on, and whether the switch is a hub, which keeps them off. */
export const treeState = z.object({ enabled: z.boolean(), hub: z.boolean() });

/** See TreeView. */
export const trees = z.array(
  z.object({
    vlan,
    enabled: z.boolean(),
    root: bridgeId,
    designated: bridgeId.optional(),
    rootPort: port.optional().describe('absent if this bridge is the root'),
    rootPathCost: z.number(),
    age: z.number().describe('milliseconds since the last BPDU from the root'),
    bonus: z.object({ port, cost: z.number() }).optional(),
    ports: z.array(
      z.object({
        port,
        tagged: z.boolean(),
        cost: z.number(),
        role: z.enum(['root', 'designated', 'alternate', 'edge']).optional(),
        forwarding: z.boolean(),
        neighbour: z.boolean(),
      }),
    ),
  }),
);

/** See StationSettingsView. */
export const stationSettings = z.object({ size: z.int(), gcInterval: z.number(), expire: z.number(), minPersistence: z.number() });

/** See StationView. */
export const station = z.object({ vlan, mac, port, age: z.number().describe('milliseconds since a frame of it was received') });

/** The stations of a switch. */
export const stations = z.array(station);

/** See CaptureView. */
export const captures = z.array(z.object({ port, path: z.string(), frames: count }));

/** See Mirror. */
export const mirrors = z.array(z.object({ port, to: port, quiet: z.boolean() }));

/** See ManagedLink. */
export const links = z.array(
  z.object({ id: z.int(), address: z.string(), plain: z.boolean(), state: z.string(), mtu: z.int().optional() }),
);

/** See AddressLogView. */
export const addressLog = z.object({ file: z.string().optional(), gcInterval: z.number(), expire: z.number() });

const ipVersion = z.union([z.literal(4), z.literal(6)]);

/** See RangeView. */
export const ranges = z.array(z.object({ version: ipVersion, range: z.string() }));

/** See AddressView. */
export const addresses = z.array(z.object({ version: ipVersion, address: z.string(), mac, vlan, port, user: z.string() }));

/** See SocketsView. */
export const sockets = z.object({ directory: z.string(), mode: z.int() });

/** See SwitchView. */
export const ofSwitch = z.object({
  pid: z.int(),
  mac,
  uptime: z.int().describe('seconds'),
  management: z.object({ path: z.string(), mode: z.int() }).optional(),
});

/** See Setting. */
export const settings = z.array(z.object({ name: z.string(), args: z.record(z.string(), z.unknown()) }));

/** See CountersView. */
export const counters = z.object({
  time: z.number().describe('milliseconds of the monotonic clock since the service began'),
  ports: z.array(z.object({ port, up: z.boolean(), received: traffic, sent: traffic, drops: byReason })),
});
