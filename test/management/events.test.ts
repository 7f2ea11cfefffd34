import { describe, expect, it } from 'vitest';
import { Feed } from '../../src/feed.ts';
import { dropSource } from '../../src/management/drop-watch.ts';
import {
  dhcpSource,
  groupSource,
  operationSource,
  portSource,
  starSource,
  stationSource,
  treeSource,
} from '../../src/management/event-sources.ts';
import { Events, type EventSource, type ServiceEvent } from '../../src/management/events.ts';
import type { DhcpPart, LeaseEvent } from '../../src/management/parts/dhcp.ts';
import type { GroupEvent, GroupPart } from '../../src/management/parts/group.ts';
import type { GuestView, StarLinkView, StarPart } from '../../src/management/parts/star.ts';
import { StationMoves } from '../../src/management/station-moves.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';
import { ConsoleStage } from '../vde-console/console-stage.ts';

/** Collects the events of a source. */
function heard(source: EventSource): ServiceEvent[] {
  const events: ServiceEvent[] = [];
  source((event) => events.push(event));
  return events;
}

describe('the events of a service', () => {
  const clock = new ManualClock();
  const feed = new Feed<number>();
  const source: EventSource = (tell) => feed.subscribe((port) => tell({ kind: 'port', change: 'up', port }));

  it('run their sources only while there is a listener, and have the time', () => {
    const events = new Events(clock, (wall) => `at ${wall}`);
    events.add(source);
    expect(feed.wanted).toBe(false);
    const all: unknown[] = [];
    const [one, another] = [events.subscribe((event) => all.push(event)), events.subscribe(() => undefined)];
    feed.emit(7);
    one[Symbol.dispose]();
    expect(feed.wanted).toBe(true);
    another[Symbol.dispose]();
    expect(feed.wanted).toBe(false);
    expect(all).toEqual([{ time: `at ${clock.wall()}`, kind: 'port', change: 'up', port: 7 }]);
  });

  it('take a source that comes late, and leave one that goes', () => {
    const events = new Events(clock, String);
    using listening = events.subscribe(() => undefined);
    expect(listening).toBeDefined();
    const adding = events.add(source);
    expect(feed.wanted).toBe(true);
    adding[Symbol.dispose]();
    expect(feed.wanted).toBe(false);
  });
});

describe('the source of operations', () => {
  it('tells of those that changed something, by whichever face, without their arguments', () => {
    const stage = new ConsoleStage();
    const events = heard(operationSource(stage.managed));
    const session = stage.session();
    for (const line of ['port/create 3', 'port/create 3', 'port/print', 'mirror/add 3 4', 'vlan/create 5']) session.say(line);
    expect(events).toEqual(['port.create', 'vlan.create'].map((name) => ({ kind: 'operation', name })));
  });
});

describe('the source of ports', () => {
  it('tells of ports and their endpoints', () => {
    const stage = new ConsoleStage();
    const events = heard(portSource(stage.managed));
    const { ports } = stage;
    ports.create(3);
    const endpoint = stage.plug(3, { module: 'unix prog', description: 'a client' });
    ports.setCondition(3, { up: false });
    endpoint.close();
    ports.remove(3);
    expect(events).toMatchObject([
      { kind: 'port', change: 'added', port: 3 },
      { kind: 'endpoint', change: 'joined', port: 3, id: endpoint.id, module: 'unix prog', description: 'a client' },
      { kind: 'port', change: 'set', port: 3, condition: 'down' },
      { kind: 'endpoint', change: 'left', port: 3, id: endpoint.id },
      { kind: 'port', change: 'emptied', port: 3 },
      { kind: 'port', change: 'removed', port: 3 },
    ]);
  });
});

describe('the sources of stations and trees', () => {
  it('tell of moves, loops and roots', () => {
    const stage = new ConsoleStage();
    const moves = new StationMoves(stage.clock);
    const events = heard(stationSource({ moves }));
    moves.note(vid(0), macFromNumber(2), 1, 4, false);
    moves.reports.emit({ kind: 'loop', ports: [1, 2], stations: 3, frames: 400 });
    expect(events).toEqual([
      { kind: 'station', change: 'moved', mac: '00:00:00:00:00:02', vlan: 0, from: 1, to: 4, stays: false, more: 0 },
      { kind: 'loop', ports: [1, 2], stations: 3, frames: 400 },
    ]);
    const trees = heard(treeSource(stage.managed));
    stage.treeChanges.emit({ kind: 'root', vid: vid(5), root: stage.switch.fstp.self, port: 2 });
    stage.treeChanges.emit({ kind: 'state', vid: vid(5), port: 2, forwarding: false });
    stage.treeChanges.emit({ kind: 'neighbour', vid: vid(5), port: 2, present: true });
    expect(trees).toEqual([
      { kind: 'tree', change: 'root', vlan: 5, root: '80:00:00:ff:aa:bb:cc:01', port: 2 },
      { kind: 'tree', change: 'blocked', vlan: 5, port: 2 },
      { kind: 'tree', change: 'neighbour', vlan: 5, port: 2 },
    ]);
  });
});

describe('the source of drops', () => {
  it('tells of a reason at once, then once a minute with the number, and never of what is ordinary', () => {
    const stage = new ConsoleStage();
    const endpoint = stage.plug(1);
    endpoint.drops = { runt: 4 };
    const events: ServiceEvent[] = [];
    const watching = dropSource(stage.managed)((event) => events.push(event));
    const drop = (counts: Record<string, number>): void => {
      endpoint.drops = counts;
      stage.clock.advance(1000);
    };
    drop({ runt: 4, 'no-carrier': 9 });
    expect(events).toEqual([]);
    drop({ runt: 6 });
    drop({ runt: 7 });
    expect(events).toEqual([{ kind: 'drops', port: 1, endpoint: endpoint.id, reason: 'runt', frames: 2 }]);
    stage.clock.advance(60_000);
    expect(events[1]).toMatchObject({ reason: 'runt', frames: 1 });
    watching[Symbol.dispose]();
    drop({ runt: 100 });
    stage.clock.advance(120_000);
    expect(events).toHaveLength(2);
  });
});

it('drops at the link of a member are told with the member', () => {
  const stage = new ConsoleStage();
  const endpoint = stage.plug(1);
  const events: ServiceEvent[] = [];
  const group = { memberAt: (port: number) => (port === 1 ? { id: 3, name: 'web' } : undefined) } as unknown as GroupPart;
  using _ = dropSource({ ...stage.managed, group })((event) => events.push(event));
  endpoint.drops = { runt: 1 };
  stage.clock.advance(1000);
  expect(events).toEqual([expect.objectContaining({ kind: 'drops', port: 1, member: { id: 3, name: 'web' }, reason: 'runt' })]);
});

describe('the sources of parts', () => {
  it('tell of leases, members, links and guests', () => {
    const stage = new ConsoleStage();
    const [leases, members, guests] = [new Feed<LeaseEvent>(), new Feed<GroupEvent>(), new Feed<GuestView>()];
    let up = false;
    const link = { port: 2, peer: 'tcp from 192.0.2.1', seconds: 0, drops: {} };
    const star = { guestChanges: guests, links: () => [{ ...link, up }] as unknown as StarLinkView[] } as unknown as StarPart;
    const events: ServiceEvent[] = [];
    for (const source of [
      dhcpSource({ events: leases } as unknown as DhcpPart),
      groupSource({ events: members } as unknown as GroupPart),
      starSource(star, stage.managed),
    ])
      source((event) => events.push(event));
    leases.emit({ change: 'bound', address: '10.0.0.5' });
    members.emit({ kind: 'kicked', id: 3, name: 'web' });
    up = true;
    stage.ports.changes.emit({ kind: 'up', port: 2 });
    up = false;
    stage.ports.changes.emit({ kind: 'down', port: 2 });
    stage.ports.changes.emit({ kind: 'down', port: 9 });
    guests.emit({ id: 3, mac: '02:65:6c:00:00:03', pid: 1, state: 'ready', address: undefined, starts: 1 });
    expect(events).toMatchObject([
      { kind: 'lease', change: 'bound', address: '10.0.0.5' },
      { kind: 'member', change: 'kicked', id: 3, name: 'web' },
      { kind: 'link', change: 'up', port: 2, peer: 'tcp from 192.0.2.1' },
      { kind: 'link', change: 'down', port: 2 },
      { kind: 'guest', id: 3, state: 'ready' },
    ]);
  });
});
