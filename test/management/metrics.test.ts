import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backlogCollector, processCollector } from '../../src/daemon/collectors.ts';
import { LoopLag } from '../../src/daemon/loop-lag.ts';
import { dhcpCollector } from '../../src/management/collectors/dhcp.ts';
import { groupCollector } from '../../src/management/collectors/group.ts';
import { starCollector } from '../../src/management/collectors/star.ts';
import { switchCollector } from '../../src/management/collectors/switch.ts';
import { metricDefinitions, type MetricDefinition } from '../../src/management/metric-definitions.ts';
import { Feed } from '../../src/feed.ts';
import { Metrics, type Collector, type MetricSample } from '../../src/management/metrics.ts';
import { allEffects } from '../../src/management/operation.ts';
import { countersOf } from '../../src/management/operations/counters.ts';
import { showMetrics } from '../../src/management/operations/metrics.ts';
import type { DhcpPart } from '../../src/management/parts/dhcp.ts';
import type { GroupMemberView, GroupPart, GroupView, ShortcutView } from '../../src/management/parts/group.ts';
import type { GuestView, MasterView, SlaveView, StarLinkView, StarPart } from '../../src/management/parts/star.ts';
import { BacklogBudget } from '../../src/ports/pure/backlog.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { encodeEthernet } from '../../src/wire/ethernet.ts';
import { manage } from '../daemon/managed-stage.ts';
import { ManualClock } from '../manual-clock.ts';
import { ConsoleStage } from '../vde-console/console-stage.ts';

const definitions: readonly (readonly [string, MetricDefinition])[] = Object.entries(metricDefinitions);

describe('the list of metrics', () => {
  it.each(definitions)("%s is named by Prometheus' conventions", (name, { type, help, labels }) => {
    expect(name).toMatch(/^(?:process|nodejs|etherloom)(?:_[a-z0-9]+)+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).not.toMatch(/octets|millis|_ms\b|_kb\b/);
    expect(help).toMatch(/^[A-Z].*\.$/);
    for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
  });
});

/** Checks samples against the list, and returns them by name and labels. */
function checked(samples: readonly MetricSample[]): Map<string, MetricSample> {
  const byKey = new Map<string, MetricSample>();
  for (const sample of samples) {
    const key = `${sample.name} ${JSON.stringify(sample.labels)}`;
    expect(byKey.has(key), `${key} comes twice`).toBe(false);
    byKey.set(key, sample);
    const definition: MetricDefinition | undefined = metricDefinitions[sample.name];
    expect(definition, `${sample.name} is defined`).toBeDefined();
    expect(Object.keys(sample.labels), key).toEqual(definition.labels);
    expect(Number.isFinite(sample.value), `${key} is a number`).toBe(true);
  }
  return byKey;
}

function samplesOf(...collectors: readonly Collector[]): readonly MetricSample[] {
  const metrics = new Metrics();
  for (const collector of collectors) metrics.add(collector);
  return metrics.samples();
}

const link: StarLinkView = {
  port: 1,
  peer: '127.0.0.1:7000',
  up: true,
  seconds: 3,
  drops: {},
  received: { frames: 1, octets: 60 },
  sent: { frames: 1, octets: 60 },
};
const guest: GuestView = { id: 1, mac: '02:65:6c:00:00:01', pid: 17, state: 'ready', address: undefined, starts: 2 };
const master: MasterView = {
  role: 'master',
  network: '10.77.0.0/24',
  link: '127.0.0.1:7000',
  control: '127.0.0.1:7001',
  members: 3,
  joined: 2,
  joins: 9,
  refusals: 1,
  shortcuts: 3,
};
const slave: SlaveView = {
  role: 'slave',
  master: '127.0.0.1:7000',
  control: '127.0.0.1:7001',
  id: 1,
  mac: guest.mac,
  address: undefined,
  network: '10.77.0.0/24',
  joined: undefined,
  joins: 4,
  link,
  shortcuts: 2,
};
const nodeWith = (view: MasterView | SlaveView, one?: GuestView): StarPart => ({
  show: () => view,
  links: () => [link, { ...link, port: 2, up: false }],
  guest: () => one,
  endGuest: () => false,
  restartGuest: () => false,
});
const dhcp: DhcpPart = {
  show: () => ({
    network: '10.77.0.0/24',
    server: '10.77.0.1',
    serverMac: '02:65:6c:01:00:00',
    vlan: 0,
    pool: 250,
    leaseTime: 3600,
    leases: { bound: 2, offered: 1, idle: 0, quarantined: 0 },
    frames: { offered: 3, selected: 2 },
  }),
  leases: () => ({ leases: [], more: 0 }),
  lease: () => undefined,
  release: () => false,
};

const noTraffic = { frames: 0, octets: 0, rate: undefined };
const memberLink = { port: 3, up: true, seconds: 9, roundTrip: 1.5, refused: { 'forged-mac': 4 }, received: noTraffic, sent: noTraffic };
const away: GroupMemberView = {
  id: 2,
  name: 'b',
  role: 'slave',
  state: 'away',
  host: undefined,
  address: undefined,
  fingerprint: undefined,
  ephemeral: false,
  since: undefined,
  joined: undefined,
  token: undefined,
  version: undefined,
  link: undefined,
  guest: undefined,
  shortcuts: undefined,
  contenders: 0,
};
const members: readonly GroupMemberView[] = [
  { ...away, id: 0, name: 'master', role: 'master', state: 'linked' },
  { ...away, id: 1, name: 'a', state: 'linked', link: memberLink, shortcuts: [3] },
  away,
  {
    ...away,
    id: 3,
    name: 'c',
    state: 'linked',
    link: { ...memberLink, port: 4, up: false, roundTrip: undefined, refused: {} },
    shortcuts: [1],
  },
];
const shortcut: ShortcutView = {
  id: 3,
  port: 9,
  address: '192.0.2.3:7379',
  seconds: 5,
  received: { frames: 7, octets: 420 },
  sent: { frames: 8, octets: 480 },
  refused: { 'not-agreed': 2 },
};
const groupWith = (shown: Partial<GroupView>, those: readonly GroupMemberView[]): GroupPart => ({
  events: new Feed(),
  show: () => ({
    role: 'slave',
    group: 'g',
    self: 1,
    fingerprint: undefined,
    term: 1,
    masters: [],
    nextPin: undefined,
    shortcuts: undefined,
    counts: undefined,
    ...shown,
  }),
  members: () => those,
});

describe('the collectors', () => {
  it('emit each metric of the list, and no other', () => {
    using stage = new ConsoleStage();
    const clock = new ManualClock();
    using lag = new LoopLag(clock);
    samplesOf(lag);
    clock.advance(1000);
    const endpoint = stage.plug(1, { mtu: 1450 });
    endpoint.drops = { full: 7 };
    stage.receive(1, new Uint8Array(5));
    const switches = switchCollector(stage.switch, stage.ports);
    const own = [processCollector(clock), lag, backlogCollector(new BacklogBudget()), switches, dhcpCollector(dhcp)];
    const asMaster = checked(
      samplesOf(...own, starCollector(nodeWith(master, guest)), groupCollector(groupWith({ role: 'master' }, members))),
    );
    const asSlave = checked(
      samplesOf(...own, starCollector(nodeWith(slave)), groupCollector(groupWith({ shortcuts: [shortcut] }, members.slice(0, 2)))),
    );
    const emitted = new Set([...asMaster.values(), ...asSlave.values()].map(({ name }) => name));
    expect([...emitted].sort()).toEqual(definitions.map(([name]) => name).sort());
    const value = (samples: ReadonlyMap<string, MetricSample>, key: string): number | undefined => samples.get(key)?.value;
    expect(value(asMaster, 'etherloom_port_endpoint_dropped_frames_total {"port":"1","reason":"full"}')).toBe(7);
    expect(value(asMaster, 'etherloom_port_dropped_frames_total {"port":"1","reason":"runt"}')).toBe(1);
    expect(value(asMaster, 'etherloom_dhcp_leases {"state":"bound"}')).toBe(2);
    expect(value(asMaster, 'etherloom_dhcp_frames_total {"treatment":"offered"}')).toBe(3);
    expect(value(asMaster, 'etherloom_star_members {}')).toBe(3);
    expect(value(asMaster, 'etherloom_star_shortcuts {}')).toBe(3);
    expect(value(asMaster, 'etherloom_star_guest_up {}')).toBe(1);
    expect(value(asSlave, 'etherloom_star_joined {}')).toBe(0);
    expect(value(asSlave, 'etherloom_star_joins_total {}')).toBe(4);
    expect(value(asSlave, 'etherloom_star_links_up {}')).toBe(1);
    const states = ['waiting', 'away', 'joined', 'linked', 'suspect'];
    expect(states.map((state) => value(asMaster, `etherloom_group_members {"state":"${state}"}`))).toEqual([0, 1, 0, 2, 0]);
    expect(value(asMaster, 'etherloom_member_info {"member":"2","name":"b"}')).toBe(1);
    expect(value(asMaster, 'etherloom_member_link_up {"member":"3","port":"4"}')).toBe(0);
    expect(value(asMaster, 'etherloom_member_round_trip_seconds {"member":"1"}')).toBe(0.0015);
    expect(value(asMaster, 'etherloom_member_round_trip_seconds {"member":"3"}')).toBeUndefined();
    expect(value(asMaster, 'etherloom_member_refused_frames_total {"member":"1","rule":"forged-mac"}')).toBe(4);
    expect(value(asSlave, 'etherloom_group_members {"state":"linked"}')).toBeUndefined();
    expect(value(asSlave, 'etherloom_shortcut_sent_bytes_total {"member":"3"}')).toBe(480);
    expect(value(asSlave, 'etherloom_shortcut_refused_frames_total {"member":"3","rule":"not-agreed"}')).toBe(2);
  });

  it('label by ports, members, reasons and rules, and by nothing that each client has anew', () => {
    const labels = new Set(definitions.flatMap(([, { labels: own }]) => own));
    expect([...labels].sort()).toEqual(['member', 'mode', 'name', 'node', 'port', 'reason', 'rule', 'state', 'treatment', 'version']);
  });

  it('are asked until they are taken out', () => {
    const metrics = new Metrics();
    const added = metrics.add(dhcpCollector(dhcp));
    expect(metrics.samples().length).toBeGreaterThan(0);
    added[Symbol.dispose]();
    expect(metrics.samples()).toEqual([]);
  });
});

describe('the counters of a switch', () => {
  const step = fc.oneof(
    fc.record({ from: fc.integer({ min: 1, max: 4 }), source: fc.integer({ min: 1, max: 6 }), to: fc.integer({ min: 0, max: 6 }) }),
    fc.constantFrom('port/resetcounter', 'port/resetcounter 1', 'port/setvlan 2 5', 'hash/setexpire 1', 'port/down 3', 'port/up 3'),
    fc.constantFrom('port/sethub 1', 'port/sethub 0', 'port/remove 9', 'mirror/add 1 2 quiet', 'mirror/del 1'),
  );

  it('never fall, whatever is sent and whatever an operator does', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        using stage = new ConsoleStage();
        for (const port of [1, 2, 3, 4]) stage.plug(port);
        const session = stage.session();
        const collector = switchCollector(stage.switch, stage.ports);
        let before = checked(samplesOf(collector));
        for (const one of steps) {
          if (typeof one === 'string') session.say(one);
          else stage.receive(one.from, frame(one.source, one.to));
          const now = checked(samplesOf(collector));
          for (const [key, { name, value }] of before) {
            if (metricDefinitions[name].type === 'counter') expect(now.get(key)?.value, key).toBeGreaterThanOrEqual(value);
          }
          before = now;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('count on where `port/resetcounter` lets the console begin anew', () => {
    using stage = new ConsoleStage();
    stage.plug(1);
    stage.plug(2, { mtu: 1450 });
    stage.plug(2, { mtu: 1438 });
    stage.receive(1, frame(1, 0));
    stage.session().say('port/resetcounter');
    stage.receive(1, frame(1, 0));
    const samples = checked(samplesOf(switchCollector(stage.switch, stage.ports)));
    expect(samples.get('etherloom_port_received_frames_total {"port":"1"}')?.value).toBe(2);
    expect(samples.get('etherloom_port_received_bytes_total {"port":"1"}')?.value).toBe(120);
    expect(samples.get('etherloom_port_sent_frames_total {"port":"2"}')?.value).toBe(2);
    expect(samples.get('etherloom_port_up {"port":"2"}')?.value).toBe(1);
    expect(samples.get('etherloom_port_mtu_bytes {"port":"2"}')?.value).toBe(1438);
    expect(samples.get('etherloom_port_mtu_bytes {"port":"1"}')).toBeUndefined();
    expect(samples.get('etherloom_stations {}')?.value).toBe(1);
    expect(samples.get('etherloom_stations_limit {}')?.value).toBe(65_536);
    expect(stage.session().ask('port/print 1').join('\n')).toMatch(/IN: {2}pkts +1 /);
  });
});

describe('the drops of the endpoints of a port', () => {
  it('are summed, and stay when an endpoint leaves', () => {
    using stage = new ConsoleStage();
    const [first, second] = [stage.plug(1), stage.plug(1)];
    first.drops = { full: 7, gone: 0 };
    second.drops = { full: 1, 'too-long': 2 };
    const key = (reason: string): string => `etherloom_port_endpoint_dropped_frames_total {"port":"1","reason":"${reason}"}`;
    const now = (reason: string): number | undefined =>
      checked(samplesOf(switchCollector(stage.switch, stage.ports))).get(key(reason))?.value;
    expect([now('full'), now('too-long'), now('gone')]).toEqual([8, 2, undefined]);
    first.close();
    expect([now('full'), now('too-long')]).toEqual([8, 2]);
    expect(countersOf({ ...stage.managed, ports: stage.ports }).ports[0]?.drops).toEqual({ full: 8, 'too-long': 2 });
    second.close();
    stage.ports.remove(1);
    stage.plug(1);
    expect(now('full')).toBeUndefined();
  });
});

describe('the lag of the loop', () => {
  const lagOf = (lag: LoopLag): number | undefined => samplesOf(lag)[0]?.value;

  it('is the latest that a tick of the last minute came', () => {
    const clock = new ManualClock();
    using lag = new LoopLag(clock);
    expect(clock.timers).toBe(0);
    expect(lagOf(lag)).toBeUndefined();
    clock.advance(1000);
    expect(lagOf(lag)).toBe(0);
    clock.stall(1250);
    expect(lagOf(lag)).toBe(0.25);
    for (let tick = 0; tick < 59; tick++) clock.advance(1000);
    expect(lagOf(lag)).toBe(0.25);
    clock.advance(1000);
    expect(lagOf(lag)).toBe(0);
  });

  it('is measured until five minutes after the last request, and then anew', () => {
    const clock = new ManualClock();
    using lag = new LoopLag(clock);
    lagOf(lag);
    clock.stall(3000);
    for (let tick = 0; tick < 299; tick++) clock.advance(1000);
    expect(clock.timers).toBe(0);
    expect(lagOf(lag)).toBeUndefined();
    clock.advance(1000);
    expect(lagOf(lag)).toBe(0);
    lag[Symbol.dispose]();
    expect(clock.timers).toBe(0);
  });
});

describe('a switch that runs', () => {
  it('shows its metrics by an operation, all of them or those whose names begin so', async () => {
    const { management } = await manage();
    const show = (args: { readonly prefix?: string }): readonly MetricSample[] => {
      const shown = showMetrics.run(management.managed, args, { may: allEffects, files: management.managed as never });
      if (!Array.isArray(shown)) throw new Error('refused');
      return shown as readonly MetricSample[];
    };
    const names = new Set([...checked(show({})).values()].map(({ name }) => name));
    expect([...names]).toEqual(
      expect.arrayContaining([
        'process_start_time_seconds',
        'etherloom_stations',
        'etherloom_backlog_bytes',
        'etherloom_backlog_limit_bytes',
      ]),
    );
    expect(show({ prefix: 'etherloom_backlog' })).toEqual([
      { name: 'etherloom_backlog_bytes', labels: {}, value: 0 },
      { name: 'etherloom_backlog_limit_bytes', labels: {}, value: 32 * 2 ** 20 },
    ]);
    const shown = (): number => show({ prefix: 'etherloom_dhcp' }).length + show({ prefix: 'etherloom_star' }).length;
    expect(shown()).toBe(0);
    const parts = [management.addDhcp(dhcp), management.addStar(nodeWith(master))];
    expect(shown()).toBe(7 + 7);
    for (const part of parts) part[Symbol.dispose]();
    expect(shown()).toBe(0);
    const [start] = show({ prefix: 'process_start' });
    expect(Math.abs((start?.value ?? 0) + process.uptime() - Date.now() / 1000)).toBeLessThan(60);
  });
});

/** A frame of 60 octets from one station to another one; to all when that is 0. */
function frame(source: number, to: number): Uint8Array {
  const mac = (n: number): ReturnType<typeof macFromNumber> => macFromNumber(0x0200_0000_0000 + n);
  return encodeEthernet({
    destination: to === 0 ? broadcastMac : mac(to),
    source: mac(source),
    etherType: 0x88b5,
    payload: new Uint8Array(46),
  });
}
