import { impairPort, setUp } from '../../management/operations/conditions.ts';
import type { OnPort, OnPorts } from '../../management/operations/on-port.ts';
import type { AccountView, EndpointView, PortView } from '../../management/operations/port-view.ts';
import * as ports from '../../management/operations/ports.ts';
import type { Managed } from '../../management/managed.ts';
import { Refusal } from '../../management/operation.ts';
import { integerAndText, leadingInteger, numbers, oneNumber, oneSwitch } from '../arguments.ts';
import { heading, plainMenu, type Menu } from '../command.ts';
import { nothing, operate } from '../operate.ts';
import { padded } from '../text.ts';

/** Makes the menu of ports and their endpoints. */
export function portMenu(managed: Managed): Menu {
  const { command, query } = operate(managed);
  return plainMenu(
    heading('port', 'ports and their endpoints'),
    query('port/showinfo', '', ports.showPortTable, nothing, ({ numports, hub }) => [
      `Numports=${numports}`,
      `HUB=${hub}`,
      'counters=true',
    ]),
    command('port/setnumports', 'N', ports.setNumports, oneNumber('count')),
    command('port/sethub', '0/1', ports.setHub, oneSwitch('hub')),
    command('port/setvlan', 'N VLAN', ports.setUntagged, (argument) =>
      numbered(argument, (port, vlan) => ({ port, vlan: vlan === 4095 ? 'none' : vlan })),
    ),
    query('port/createauto', '', ports.createPort, nothing, (port) => [`Port ${padded(port)}`], createdLowest),
    command('port/create', 'N', ports.createPort, (argument) => {
      const port = leadingInteger(argument);
      return port === 0 ? {} : { port };
    }),
    command('port/remove', 'N', ports.removePort, oneNumber('port')),
    command('port/allocatable', 'N 0/1', ports.setAllocatable, (argument) =>
      numbered(argument, (port, on) => ({ port, allocatable: on !== 0 })),
    ),
    command('port/sticky', 'N 0/1', ports.setSticky, (argument) => numbered(argument, (port, on) => ({ port, sticky: on !== 0 }))),
    command('port/guard', 'N 0/1', ports.setGuard, (argument) => numbered(argument, (port, on) => ({ port, guarded: on !== 0 }))),
    command('port/setuser', 'N user', ports.setUser, named),
    command('port/setgroup', 'N user', ports.setGroup, named),
    command('port/epclose', 'N ID', ports.closeEndpoint, numbers('port', 'id')),
    command('port/resetcounter', '[N]', ports.resetCounters, perhapsPort),
    query('port/print', '[N]', ports.listPorts, perhapsPort, active, 'show active ports'),
    query('port/allprint', '[N]', ports.listPorts, perhapsPort, (shown) => shown.flatMap(linesOf)),
    query('port/drops', '[N]', ports.listPorts, perhapsPort, (shown) => shown.flatMap(dropsOf), 'show dropped frames by reason'),
  );
}

const createdLowest = 'create the lowest free port, for clients that name it';

/** Makes the commands that take ports down and up, and impair them. */
export function conditionMenu(managed: Managed): Menu {
  const { command, query } = operate(managed);
  const turn = (up: boolean) => (argument: string) => {
    const port = portNumber(argument);
    return port === undefined ? undefined : { port, up };
  };
  return plainMenu(
    command('port/down', 'N', setUp, turn(false), 'take the port down: it carries no frames'),
    command('port/up', 'N', setUp, turn(true), 'take the port up again'),
    query(
      'port/impair',
      'N [WORDS/off]',
      impairPort,
      (argument) => {
        const [, digits = '', words = ''] = /^(\S+)\s*(.*?)\s*$/s.exec(argument) ?? [];
        const port = portNumber(digits);
        return port === undefined ? undefined : { port, words };
      },
      (impairment, argument) => [`Port ${padded(leadingInteger(argument))} ${impairment}`],
    ),
  );
}

/** Makes the command that explains the fate of a frame. */
export function traceMenu(managed: Managed): Menu {
  return plainMenu(
    operate(managed).query(
      'trace',
      'PORT HEXFRAME',
      ports.explainFrame,
      (argument) => {
        const [port, frame] = integerAndText(argument) ?? [];
        return port === undefined || frame === undefined ? undefined : { port, frame };
      },
      ({ text }) => [text],
    ),
  );
}

/** Parses two numbers, of which the first is a port. */
function numbered<Args>(argument: string, make: (port: number, value: number) => Args): Args | undefined {
  const { port, value } = numbers('port', 'value')(argument) ?? {};
  return port === undefined || value === undefined ? undefined : make(port, value);
}

function named(argument: string): (OnPort & { readonly name: string }) | undefined {
  const [port, name] = integerAndText(argument) ?? [];
  return port === undefined ? undefined : { port, name: name ?? '' };
}

function perhapsPort(argument: string): OnPorts {
  return argument === '' ? {} : { port: leadingInteger(argument) };
}

/** Returns the number of an argument that consists of one number. */
function portNumber(argument: string): number | undefined {
  return /^\d{1,5}\s*$/.test(argument) ? Number(argument) : undefined;
}

/** Shows the ports that have endpoints. A port that was named must have one. */
function active(all: readonly PortView[], argument: string): readonly string[] | Refusal {
  const shown = all.filter(({ endpoints }) => endpoints.length > 0);
  return argument !== '' && shown.length === 0 ? new Refusal('ENXIO') : shown.flatMap(linesOf);
}

function linesOf(view: PortView): string[] {
  const { port, untagged, allocatable, current, user, group, received, sent, endpoints } = view;
  const activity = endpoints.length > 0 ? 'ACTIVE' : 'INACTIVE';
  return [
    `Port ${padded(port)} untagged_vlan=${padded(untagged === 'none' ? 4095 : untagged)} ${activity} - ${allocatable ? '' : 'NOT '}Unnamed Allocatable`,
    ` Current User: ${nameOf(current)} Access Control: (User: ${nameOf(user)} - Group: ${nameOf(group)})`,
    ` IN:  ${count(received)}`,
    ` OUT: ${count(sent)}`,
    ...unusual(view),
    ...endpoints.map((one) => `  -- endpoint ID ${padded(one.id)} module ${one.module.padEnd(12)}: ${one.description}${mtuOf(one)}`),
  ];
}

/** Returns a line for a port with unusual settings, and none for others, so that scripts find the lines that they expect. */
function unusual({ condition, guarded, quiet }: PortView): string[] {
  const parts = [condition, guarded ? 'guarded' : '', quiet ? 'quiet' : ''].filter((part) => part !== '');
  return parts.length > 0 ? [` Condition: ${parts.join(', ')}`] : [];
}

function mtuOf({ mtu }: EndpointView): string {
  return mtu === undefined ? '' : `, MTU ${mtu}`;
}

function dropsOf({ port, drops, endpoints }: PortView): string[] {
  const reasons = (counts: Readonly<Record<string, number>>): string[] =>
    Object.entries(counts).flatMap(([reason, frames]) => (frames > 0 ? [`${reason}=${frames}`] : []));
  return [
    [`Port ${padded(port)}`, ...reasons(drops)].join(' '),
    ...endpoints.map((one) => [`  -- endpoint ID ${padded(one.id)}`, ...reasons(one.drops)].join(' ')),
  ];
}

function nameOf(account: AccountView | undefined): string {
  return account === undefined ? 'NONE' : (account.name ?? String(account.id));
}

function count({ frames, octets }: PortView['sent']): string {
  return `pkts ${String(frames).padStart(10)}          bytes ${String(octets).padStart(20)}`;
}
