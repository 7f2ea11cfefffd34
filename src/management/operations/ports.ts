import type { PortNumber } from '../../switch/switch.ts';
import { vid } from '../../wire/dot1q.ts';
import { parseHex } from '../../wire/octets.ts';
import type { Managed } from '../managed.ts';
import { reads, Refusal, sets, writes } from '../operation.ts';
import { mostPorts, type ManagedPort } from '../port-table.ts';
import { explanationView, type ExplanationView } from './explanation-view.ts';
import { onPort, refusalOf, type OnPort, type OnPorts } from './on-port.ts';
import { portView, type PortView } from './port-view.ts';

/** The table of ports as a whole. */
export interface PortTableView {
  readonly numports: number;
  readonly hub: boolean;
}

/** Returns the number of ports, and whether the switch is a hub. */
export const showPortTable = reads(
  'port.showinfo',
  'show the number of ports, and whether the switch is a hub',
  ({ ports, switch: bridge }: Managed): PortTableView => ({ numports: ports.numports, hub: bridge.hub }),
);

/** Sets the number of ports. */
export const setNumports = sets(
  'port.setnumports',
  `set the number of ports, at most ${mostPorts}`,
  ({ ports }, { count }: { readonly count: number }) => refusalOf(ports.setNumports(count)),
);

/** Makes the switch a hub, or a switch again. */
export const setHub = sets(
  'port.sethub',
  'make the switch a hub, or a switch again',
  ({ switch: bridge }, { hub }: { readonly hub: boolean }): void => {
    bridge.hub = hub;
  },
);

/** Sets the VLAN of untagged frames at a port. */
export const setUntagged = sets(
  'port.setvlan',
  'set the VLAN of untagged frames at a port; none: they are dropped',
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
  'create a port for clients that name it; without a number, the lowest free one',
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
  'let clients that name no port get a port, or not',
  (managed, { port, allocatable }: OnPort & { readonly allocatable: boolean }) =>
    onPort(managed, port, (one) => {
      one.allocatable = allocatable;
    }),
);

/** Binds the stations of a port to it, or lets them move. */
export const setSticky = sets(
  'port.sticky',
  'keep the stations of a port from moving to another port, or let them move',
  (managed, { port, sticky }: OnPort & { readonly sticky: boolean }) =>
    onPort(managed, port, () => {
      const changed = managed.switch.port(port);
      if (changed) changed.sticky = sticky;
    }),
);

/** Guards a port against hostile stations, or ends that. */
export const setGuard = sets(
  'port.guard',
  'refuse what hostile stations at a port send, such as forged ARP and answers of DHCP servers, or accept it',
  (managed, { port, guarded }: OnPort & { readonly guarded: boolean }) =>
    onPort(managed, port, () => managed.ports.setGuard(port, guarded)),
);

/** The greatest number of a user or group. The next one means "none". [chown(2)] */
const greatestId = 0xffff_fffe;

/** The arguments for a restriction: a port, and a name, a number, or NONE. */
type Restriction = OnPort & { readonly name: string };

/** Restricts a port to a user. */
export const setUser = sets('port.setuser', 'restrict a port to a user, or open it to all', (managed, { port, name }: Restriction) =>
  onPort(managed, port, (one) => restrict(one, 'user', name, managed.accounts.uid)),
);

/** Restricts a port to a group. */
export const setGroup = sets('port.setgroup', 'restrict a port to a group, or open it to all', (managed, { port, name }: Restriction) =>
  onPort(managed, port, (one) => restrict(one, 'group', name, managed.accounts.gid)),
);

/** Closes an endpoint of a port. */
export const closeEndpoint = writes(
  'port.epclose',
  'close an endpoint of a port',
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
export const listPorts = reads(
  'port.list',
  'list the ports with their settings, counters and endpoints',
  (managed, { port }: OnPorts): readonly PortView[] | Refusal => {
    if (port === undefined) return managed.ports.list().map((one) => portView(managed, one));
    return onPort(managed, port, (one) => [portView(managed, one)]);
  },
);

/** Explains the switch's decision about a frame, given in hexadecimal, from a port. */
export const explainFrame = reads(
  'port.explain',
  'show what the switch would do with a frame from a port, and why',
  ({ ports, switch: bridge, group }, { port, frame }: OnPort & { readonly frame: string }): ExplanationView | Refusal => {
    const octets = parseHex(frame);
    if (!octets || octets.length === 0) return new Refusal('EINVAL');
    // Shortcuts are in no table, but events name them.
    const isShortcut = (number: PortNumber): boolean => bridge.port(number)?.vlans.shortcut === true;
    const nameOf = (number: PortNumber): string =>
      isShortcut(number) ? `${number}, the shortcut to member ${group?.memberAt?.(number)?.id ?? 'that is gone'}` : String(number);
    const explanation = ports.get(port) || isShortcut(port) ? bridge.explain(port, octets) : undefined;
    return explanation ? explanationView(explanation, nameOf) : new Refusal('ENXIO');
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
