import { describeCondition } from '../../impairment/condition.ts';
import { uidOf } from '../../ports/peer.ts';
import { vid } from '../../wire/dot1q.ts';
import { parseHex } from '../../wire/octets.ts';
import { formatExplanation } from '../../switch/switch.ts';
import { integerAndText, leadingInteger, scanIntegers } from '../arguments.ts';
import { command, heading, plainMenu, query, type Call, type Menu } from '../command.ts';
import type { Managed } from '../../management/managed.ts';
import { mostPorts, type Endpoint, type ManagedPort, type PortRefusal } from '../../management/port-table.ts';
import type { Status } from '../../management/status.ts';
import { padded } from '../text.ts';

const statuses: Readonly<Record<PortRefusal, Status>> = {
  'out-of-range': 'EINVAL',
  exists: 'EEXIST',
  'no-port': 'ENXIO',
  'in-use': 'EADDRINUSE',
  full: 'ENOSPC',
};

/** Returns how a command on ports ended. */
export function ended(refusal: PortRefusal | undefined): Status {
  return refusal === undefined ? 'success' : statuses[refusal];
}

/** Ports, and who is at them. */
export function portMenu(managed: Managed): Menu {
  const { ports, switch: bridge } = managed;
  return plainMenu(
    heading('port', 'ports and their endpoints'),
    query('port/showinfo', '', 'show the number of ports, hub mode and counters', ({ print }) => {
      print(`Numports=${ports.numports}`);
      print(`HUB=${bridge.hub}`);
      print('counters=true');
      return 'success';
    }),
    command('port/setnumports', 'N', `set the number of ports, at most ${mostPorts}`, ({ argument }) =>
      ended(ports.setNumports(leadingInteger(argument))),
    ),
    command('port/sethub', '0/1', '1: hub, 0: switch', ({ argument }) => {
      bridge.hub = leadingInteger(argument) !== 0;
      return 'success';
    }),
    command('port/setvlan', 'N VLAN', 'set the VLAN of untagged frames; 4095: none', ({ argument }) => setUntaggedVlan(managed, argument)),
    query('port/createauto', '', 'create the lowest free port, for clients that name it', ({ print }) => {
      const number = ports.createLowest();
      if (number === undefined) return 'ENOSPC';
      print(`Port ${padded(number)}`);
      return 'success';
    }),
    command('port/create', 'N', 'create port N, for clients that name it', ({ argument }) => {
      const number = leadingInteger(argument);
      if (number !== 0) return ended(ports.create(number));
      return ports.createLowest() === undefined ? 'ENOSPC' : 'success';
    }),
    command('port/remove', 'N', 'remove a port that has no endpoint', ({ argument }) => ended(ports.remove(leadingInteger(argument)))),
    command('port/allocatable', 'N 0/1', '1: clients that name no port may get it, 0: not', ({ argument }) => {
      const [number, allocatable] = scanIntegers(argument, 2) ?? [];
      return withPort(managed, number, (port) => {
        port.allocatable = allocatable !== 0;
        return 'success';
      });
    }),
    command('port/sticky', 'N 0/1', '1: its stations cannot move to another port, 0: they can', ({ argument }) => {
      const [number, sticky] = scanIntegers(argument, 2) ?? [];
      if (sticky === undefined) return 'EINVAL';
      return withPort(managed, number, (port) => {
        const changed = bridge.port(port.number);
        if (changed) changed.sticky = sticky !== 0;
        return 'success';
      });
    }),
    command('port/setuser', 'N user', 'restrict the port to a user: name, number or NONE', ({ argument }) => {
      const [number, name] = integerAndText(argument) ?? [];
      return withPort(managed, number, (port) => setOwner(port, 'user', name ?? '', managed.accounts.uid));
    }),
    command('port/setgroup', 'N user', 'restrict the port to a group: name, number or NONE', ({ argument }) => {
      const [number, name] = integerAndText(argument) ?? [];
      return withPort(managed, number, (port) => setOwner(port, 'group', name ?? '', managed.accounts.gid));
    }),
    command('port/epclose', 'N ID', 'close the endpoint with that ID', ({ argument }) => {
      const [number, id] = scanIntegers(argument, 2) ?? [];
      return withPort(managed, number, (port) => {
        const endpoint = port.endpoints.find((one) => one.id === id);
        if (!endpoint) return 'ENXIO';
        endpoint.close();
        return 'success';
      });
    }),
    command('port/resetcounter', '[N]', 'reset the counters of one port, or of all', ({ argument }) => {
      const numbers = argument === '' ? ports.list().map(({ number }) => number) : [leadingInteger(argument)];
      if (numbers.some((number) => !inRange(managed, number))) return 'EINVAL';
      for (const number of numbers) ports.resetCounts(number);
      return 'success';
    }),
    query('port/print', '[N]', 'show active ports', (call) =>
      forPorts(
        managed,
        call,
        ({ endpoints }) => endpoints.length > 0,
        (port) => describe(managed, port),
      ),
    ),
    query('port/allprint', '[N]', 'show all ports', (call) =>
      forPorts(
        managed,
        call,
        () => true,
        (port) => describe(managed, port),
      ),
    ),
    query('port/drops', '[N]', 'show dropped frames by reason', (call) =>
      forPorts(
        managed,
        call,
        () => true,
        (port) => describeDrops(managed, port),
      ),
    ),
  );
}

/** What would become of a frame. */
export function traceMenu(managed: Managed): Menu {
  return plainMenu(
    query('trace', 'PORT HEXFRAME', 'show what the switch would do with a frame from PORT, and why', ({ argument, print }) => {
      const [number, text] = integerAndText(argument) ?? [];
      const frame = parseHex(text ?? '');
      if (number === undefined || !frame || frame.length === 0) return 'EINVAL';
      const explanation = managed.ports.get(number) && managed.switch.explain(number, frame);
      if (!explanation) return 'ENXIO';
      print(formatExplanation(explanation));
      return 'success';
    }),
  );
}

function setUntaggedVlan({ ports, switch: bridge }: Managed, argument: string): Status {
  const [number, vlan] = scanIntegers(argument, 2) ?? [];
  if (number === undefined || vlan === undefined || number < 0 || number >= ports.numports || vlan < 0 || vlan > 4095) return 'EINVAL';
  if (!ports.get(number)) return 'ENXIO';
  const refusal = bridge.vlans.setUntagged(number, vlan === 4095 ? 'none' : vid(vlan));
  return refusal === undefined ? 'success' : 'ENXIO';
}

/** The greatest number that a user or a group can have: the next one says that there is none. [chown(2)] */
const greatestId = 0xffff_fffe;

function setOwner(port: ManagedPort, kind: 'user' | 'group', name: string, numberOf: (name: string) => number | undefined): Status {
  const number = /^\d{1,10}$/.test(name) ? Number(name) : numberOf(name);
  const everybody = name === 'NONE' || name === 'ANY';
  if (!everybody && (number === undefined || number > greatestId)) return 'EINVAL';
  port[kind] = everybody ? undefined : number;
  return 'success';
}

function withPort(managed: Managed, number: number | undefined, act: (port: ManagedPort) => Status): Status {
  if (number === undefined || !inRange(managed, number)) return 'EINVAL';
  const port = managed.ports.get(number);
  return port ? act(port) : 'ENXIO';
}

function inRange({ ports }: Managed, number: number): boolean {
  return number >= 0 && number < ports.numports;
}

/** The lines of one port, which must be among those meant, or of all that are. */
function forPorts(
  managed: Managed,
  { argument, print }: Call,
  meant: (port: ManagedPort) => boolean,
  lines: (port: ManagedPort) => readonly string[],
): Status {
  if (argument === '') {
    for (const port of managed.ports.list().filter(meant)) lines(port).forEach(print);
    return 'success';
  }
  return withPort(managed, leadingInteger(argument), (port) => {
    if (!meant(port)) return 'ENXIO';
    lines(port).forEach(print);
    return 'success';
  });
}

function describe(managed: Managed, port: ManagedPort): string[] {
  const { number, endpoints, allocatable, user, group } = port;
  const { userName, groupName } = managed.accounts;
  const untagged = managed.switch.port(number)?.vlans.untagged ?? 'none';
  const counts = managed.ports.counts(number);
  const name = (id: number | undefined, of: (id: number) => string | undefined): string =>
    id === undefined ? 'NONE' : (of(id) ?? String(id));
  const vlan = untagged === 'none' ? 4095 : untagged;
  const activity = endpoints.length > 0 ? 'ACTIVE' : 'INACTIVE';
  return [
    `Port ${padded(number)} untagged_vlan=${padded(vlan)} ${activity} - ${allocatable ? '' : 'NOT '}Unnamed Allocatable`,
    ` Current User: ${name(uidOf(endpoints[0]?.peer), userName)} Access Control: (User: ${name(user, userName)} - Group: ${name(group, groupName)})`,
    ` IN:  ${count(counts.receivedFrames, counts.receivedOctets)}`,
    ` OUT: ${count(counts.sentFrames, counts.sentOctets)}`,
    ...describeUnusual(managed, port),
    ...[...endpoints].reverse().map(describeEndpoint),
  ];
}

/** A line for what a port does not do as usual; none for most, so that scripts find what they know. */
function describeUnusual(managed: Managed, { number, condition }: ManagedPort): string[] {
  const quiet = managed.switch.port(number)?.quiet === true ? 'quiet' : '';
  const parts = [describeCondition(condition), quiet].filter((part) => part !== '');
  return parts.length > 0 ? [` Condition: ${parts.join(', ')}`] : [];
}

function describeEndpoint({ id, module, description }: Endpoint): string {
  return `  -- endpoint ID ${padded(id)} module ${module.padEnd(12)}: ${description}`;
}

function describeDrops(managed: Managed, { number, endpoints }: ManagedPort): string[] {
  const reasons = (drops: Readonly<Record<string, number>>): string[] =>
    Object.entries(drops).flatMap(([reason, frames]) => (frames > 0 ? [`${reason}=${frames}`] : []));
  const lines = [[`Port ${padded(number)}`, ...reasons(managed.switch.port(number)?.counters.drops ?? {})].join(' ')];
  for (const { id, drops } of [...endpoints].reverse()) lines.push([`  -- endpoint ID ${padded(id)}`, ...reasons(drops)].join(' '));
  return lines;
}

function count(frames: number, octets: number): string {
  return `pkts ${String(frames).padStart(10)}          bytes ${String(octets).padStart(20)}`;
}
