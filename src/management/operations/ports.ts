import { describeCondition } from '../../impairment/condition.ts';
import { uidOf } from '../../ports/pure/peer.ts';
import { formatExplanation, type PortNumber } from '../../switch/switch.ts';
import { vid, type Vid } from '../../wire/dot1q.ts';
import { parseHex } from '../../wire/octets.ts';
import type { Managed } from '../managed.ts';
import { reads, Refusal, sets, writes } from '../operation.ts';
import { mostPorts, type ManagedPort } from '../port-table.ts';
import { onPort, refusalOf, type OnPort, type OnPorts } from './on-port.ts';

/** The table of ports as a whole. */
export interface PortTableView {
  readonly numports: number;
  readonly hub: boolean;
}

/** A user or group, by number and, if this machine knows it, by name. */
export interface AccountView {
  readonly id: number;
  readonly name: string | undefined;
}

/** An endpoint of a port. */
export interface EndpointView {
  readonly id: number;
  readonly module: string;
  readonly description: string;
  /** The frames that did not cross it, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Its MTU, in octets; undefined if only the longest frame limits it. */
  readonly mtu: number | undefined;
}

/** A port. */
export interface PortView {
  readonly port: PortNumber;
  /** True if it has a carrier. */
  readonly up: boolean;
  readonly untagged: Vid | 'none';
  readonly allocatable: boolean;
  /** The user of the first endpoint. */
  readonly current: AccountView | undefined;
  /** The only user and group that may use it; undefined for all. */
  readonly user: AccountView | undefined;
  readonly group: AccountView | undefined;
  /** The counters since the last reset. */
  readonly received: { readonly frames: number; readonly octets: number };
  readonly sent: { readonly frames: number; readonly octets: number };
  /** The frames that the switch dropped at it, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Its condition, in words; empty if it is up and not impaired. */
  readonly condition: string;
  /** True if its stations are held to the rules for strangers: see `setGuard`. */
  readonly guarded: boolean;
  /** True if it only listens, because of a mirror. */
  readonly quiet: boolean;
  /** The endpoints, the newest first. */
  readonly endpoints: readonly EndpointView[];
}

/** Returns the number of ports, and whether the switch is a hub. */
export const showPortTable = reads(
  'port.showinfo',
  'show the number of ports, hub mode and counters',
  ({ ports, switch: bridge }: Managed): PortTableView => ({ numports: ports.numports, hub: bridge.hub }),
);

/** Sets the number of ports. */
export const setNumports = sets(
  'port.setnumports',
  `set the number of ports, at most ${mostPorts}`,
  ({ ports }, { count }: { readonly count: number }) => refusalOf(ports.setNumports(count)),
);

/** Makes the switch a hub, or a switch again. */
export const setHub = sets('port.sethub', '1: hub, 0: switch', ({ switch: bridge }, { hub }: { readonly hub: boolean }): void => {
  bridge.hub = hub;
});

/** Sets the VLAN of untagged frames at a port. */
export const setUntagged = sets(
  'port.setvlan',
  'set the VLAN of untagged frames; 4095: none',
  (managed, { port, vlan }: OnPort & { readonly vlan: number | 'none' }) =>
    vlan !== 'none' && (vlan < 0 || vlan > 4094)
      ? new Refusal('EINVAL')
      : onPort(managed, port, () =>
          managed.switch.vlans.setUntagged(port, vlan === 'none' ? 'none' : vid(vlan)) === undefined ? undefined : new Refusal('ENXIO'),
        ),
);

/** Creates a port, the lowest free one unless a number is given. Returns its number. */
export const createPort = sets(
  'port.create',
  'create port N, for clients that name it',
  ({ ports }, { port }: OnPorts): PortNumber | Refusal =>
    port === undefined ? (ports.createLowest() ?? new Refusal('ENOSPC')) : (refusalOf(ports.create(port)) ?? port),
);

/** Removes a port without endpoints. */
export const removePort = sets('port.remove', 'remove a port that has no endpoint', ({ ports }, { port }: OnPort) =>
  refusalOf(ports.remove(port)),
);

/** Allows clients that name no port to get a port, or forbids it. */
export const setAllocatable = sets(
  'port.allocatable',
  '1: clients that name no port may get it, 0: they may not',
  (managed, { port, allocatable }: OnPort & { readonly allocatable: boolean }) =>
    onPort(managed, port, (one) => {
      one.allocatable = allocatable;
    }),
);

/** Binds the stations of a port to it, or lets them move. */
export const setSticky = sets(
  'port.sticky',
  '1: its stations cannot move to another port, 0: they can',
  (managed, { port, sticky }: OnPort & { readonly sticky: boolean }) =>
    onPort(managed, port, () => {
      const changed = managed.switch.port(port);
      if (changed) changed.sticky = sticky;
    }),
);

/** Guards a port against hostile stations, or ends that. */
export const setGuard = sets(
  'port.guard',
  '1: refuse what hostile stations send, such as forged ARP and answers of DHCP servers, 0: do not',
  (managed, { port, guarded }: OnPort & { readonly guarded: boolean }) =>
    onPort(managed, port, () => managed.ports.setGuard(port, guarded)),
);

/** The greatest number of a user or group. The next one means "none". [chown(2)] */
const greatestId = 0xffff_fffe;

/** The arguments for a restriction: a port, and a name, a number, or NONE. */
type Restriction = OnPort & { readonly name: string };

/** Restricts a port to a user. */
export const setUser = sets('port.setuser', 'restrict the port to a user: name, number or NONE', (managed, { port, name }: Restriction) =>
  onPort(managed, port, (one) => restrict(one, 'user', name, managed.accounts.uid)),
);

/** Restricts a port to a group. */
export const setGroup = sets(
  'port.setgroup',
  'restrict the port to a group: name, number or NONE',
  (managed, { port, name }: Restriction) => onPort(managed, port, (one) => restrict(one, 'group', name, managed.accounts.gid)),
);

/** Closes an endpoint of a port. */
export const closeEndpoint = writes(
  'port.epclose',
  'close the endpoint with that ID',
  (managed, { port, id }: OnPort & { readonly id: number }) =>
    onPort(managed, port, ({ endpoints }) => {
      const endpoint = endpoints.find((one) => one.id === id);
      endpoint?.close();
      return endpoint ? undefined : new Refusal('ENXIO');
    }),
);

/** Sets the counters of a port, or of all, to 0. */
export const resetCounters = writes('port.resetcounter', 'reset the counters of one port, or of all', ({ ports }, { port }: OnPorts) => {
  if (port !== undefined && !(port >= 0 && port < ports.numports)) return new Refusal('EINVAL');
  for (const number of port === undefined ? ports.list().map(({ number }) => number) : [port]) ports.resetCounts(number);
  return undefined;
});

/** Returns the ports, or one of them. */
export const listPorts = reads('port.list', 'show all ports', (managed, { port }: OnPorts): readonly PortView[] | Refusal => {
  if (port === undefined) return managed.ports.list().map((one) => viewOf(managed, one));
  return onPort(managed, port, (one) => [viewOf(managed, one)]);
});

/** Explains the switch's decision about a frame, given in hexadecimal, from a port. */
export const explainFrame = reads(
  'port.explain',
  'show what the switch would do with a frame from PORT, and why',
  ({ ports, switch: bridge }, { port, frame }: OnPort & { readonly frame: string }): string | Refusal => {
    const octets = parseHex(frame);
    if (!octets || octets.length === 0) return new Refusal('EINVAL');
    const explanation = ports.get(port) && bridge.explain(port, octets);
    return explanation ? formatExplanation(explanation) : new Refusal('ENXIO');
  },
);

function restrict(
  port: ManagedPort,
  kind: 'user' | 'group',
  name: string,
  numberOf: (name: string) => number | undefined,
): Refusal | undefined {
  const number = /^\d{1,10}$/.test(name) ? Number(name) : numberOf(name);
  const everybody = name === 'NONE' || name === 'ANY';
  if (!everybody && (number === undefined || number > greatestId)) return new Refusal('EINVAL');
  port[kind] = everybody ? undefined : number;
  return undefined;
}

function viewOf(
  { accounts, ports, switch: bridge }: Managed,
  { number, endpoints, allocatable, user, group, condition }: ManagedPort,
): PortView {
  const account = (id: number | undefined, nameOf: (id: number) => string | undefined): AccountView | undefined =>
    id === undefined ? undefined : { id, name: nameOf(id) };
  const { receivedFrames, receivedOctets, sentFrames, sentOctets } = ports.counts(number);
  const port = bridge.port(number);
  return {
    port: number,
    up: port?.up === true,
    untagged: port?.vlans.untagged ?? 'none',
    allocatable,
    current: account(uidOf(endpoints[0]?.peer), accounts.userName),
    user: account(user, accounts.userName),
    group: account(group, accounts.groupName),
    received: { frames: receivedFrames, octets: receivedOctets },
    sent: { frames: sentFrames, octets: sentOctets },
    drops: { ...port?.counters.drops },
    condition: describeCondition(condition),
    guarded: port?.guarded === true,
    quiet: port?.quiet === true,
    endpoints: endpoints
      .map(({ id, module, description, drops, mtu }) => ({ id, module, description, drops: { ...drops }, mtu }))
      .reverse(),
  };
}
