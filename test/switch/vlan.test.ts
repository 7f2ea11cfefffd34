import { expect, test } from 'vitest';
import { FloodLists, PortVlans, type VlanPort } from '../../src/switch/vlan.ts';
import { vid, type Vid } from '../../src/wire/dot1q.ts';

test('a port is in VLAN 0, untagged, unless told otherwise', () => {
  const vlans = new PortVlans({});
  expect([vlans.untagged, vlans.has(vid(0)), vlans.has(vid(1))]).toEqual([0, true, false]);
});

test('a port is a member of its untagged VLAN and of its tagged ones', () => {
  const vlans = new PortVlans({ untagged: vid(5), tagged: [vid(6), vid(7)] });
  expect([0, 5, 6, 7, 8].filter((n) => vlans.has(vid(n)))).toEqual([5, 6, 7]);
});

test('a port may have no untagged VLAN', () => {
  const vlans = new PortVlans({ untagged: 'none', tagged: [vid(6)] });
  expect([0, 6].filter((n) => vlans.has(vid(n)))).toEqual([6]);
});

test('no port can be a member of VLAN 4095', () => {
  expect(() => new PortVlans({ untagged: vid(4095) })).toThrow('4095');
  expect(() => new PortVlans({ tagged: [vid(4095)] })).toThrow('4095');
});

test('a flood list holds the other members that are up, in the order of the ports, with their tagging', () => {
  const ports = trunkAndStations();
  const lists = new FloodLists(ports);
  expect(names(ports, lists, 5, 'a')).toEqual(['b', 'trunk tagged']);
  expect(names(ports, lists, 5, 'trunk')).toEqual(['a', 'b']);
  expect(names(ports, lists, 9, 'a')).toEqual([]);
});

test('a flood list is made once, and anew after a change', () => {
  const ports = trunkAndStations();
  const lists = new FloodLists(ports);
  const trunk = member(ports, 'trunk');
  const first = lists.of(vid(5), trunk);
  expect(lists.of(vid(5), trunk)).toBe(first);
  member(ports, 'a').up = false;
  lists.forget();
  expect(names(ports, lists, 5, 'trunk')).toEqual(['b']);
  expect(first).toHaveLength(2);
});

test('a port that is blocked in a VLAN is in none of its flood lists, but in those of others', () => {
  const ports = trunkAndStations();
  member(ports, 'trunk').isBlocked = (vlan) => vlan === vid(5);
  const lists = new FloodLists(ports);
  expect(names(ports, lists, 5, 'a')).toEqual(['b']);
  expect(names(ports, lists, 6, 'elsewhere')).toEqual(['trunk tagged']);
});

test('the untagged VLAN is none of the tagged ones, and all are listed once', () => {
  const vlans = new PortVlans({ untagged: vid(5), tagged: [vid(5), vid(6)] });
  expect([...vlans.tagged]).toEqual([6]);
  expect([...vlans]).toEqual([5, 6]);
  expect([...new PortVlans({ untagged: 'none', tagged: [vid(6)] })]).toEqual([6]);
});

interface NamedPort extends VlanPort {
  readonly name: string;
  up: boolean;
  isBlocked: (vid: Vid) => boolean;
}

function trunkAndStations(): Map<string, NamedPort> {
  const port = (name: string, up: boolean, vlans: PortVlans): [string, NamedPort] => [name, { name, up, vlans, isBlocked: () => false }];
  return new Map([
    port('a', true, new PortVlans({ untagged: vid(5) })),
    port('b', true, new PortVlans({ untagged: vid(5) })),
    port('elsewhere', true, new PortVlans({ untagged: vid(6) })),
    port('down', false, new PortVlans({ untagged: vid(5) })),
    port('trunk', true, new PortVlans({ tagged: [vid(5), vid(6)] })),
  ]);
}

function member(ports: ReadonlyMap<string, NamedPort>, name: string): NamedPort {
  const port = ports.get(name);
  if (port === undefined) throw new Error(`no port ${name}`);
  return port;
}

function names(ports: ReadonlyMap<string, NamedPort>, lists: FloodLists<NamedPort>, vlan: number, ingress: string): string[] {
  return lists.of(vid(vlan), member(ports, ingress)).map((way) => way.port.name + (way.tagged ? ' tagged' : ''));
}
