import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backlogCollector, processCollector } from '../../src/daemon/collectors.ts';
import { dhcpCollector } from '../../src/management/collectors/dhcp.ts';
import { starCollector } from '../../src/management/collectors/star.ts';
import { switchCollector } from '../../src/management/collectors/switch.ts';
import { metricDefinitions, type MetricDefinition } from '../../src/management/metric-definitions.ts';
import { Metrics, type Collector, type MetricSample } from '../../src/management/metrics.ts';
import { allEffects } from '../../src/management/operation.ts';
import { showMetrics } from '../../src/management/operations/metrics.ts';
import type { DhcpPart } from '../../src/management/parts/dhcp.ts';
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
    expect(name).toMatch(/^(?:process|etherloom)(?:_[a-z0-9]+)+$/);
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

describe('the collectors', () => {
  it('emit each metric of the list, and no other', () => {
    using stage = new ConsoleStage();
    const endpoint = stage.plug(1, { mtu: 1450 });
    endpoint.drops = { full: 7 };
    stage.receive(1, new Uint8Array(5));
    const switches = switchCollector(stage.switch, stage.ports);
    const own = [processCollector(new ManualClock()), backlogCollector(new BacklogBudget()), switches, dhcpCollector(dhcp)];
    const asMaster = checked(samplesOf(...own, starCollector(nodeWith(master, guest))));
    const asSlave = checked(samplesOf(...own, starCollector(nodeWith(slave))));
    const emitted = new Set([...asMaster.values(), ...asSlave.values()].map(({ name }) => name));
    expect([...emitted].sort()).toEqual(definitions.map(([name]) => name).sort());
    const value = (samples: ReadonlyMap<string, MetricSample>, key: string): number | undefined => samples.get(key)?.value;
    expect(value(asMaster, 'etherloom_endpoint_dropped_frames_total {"port":"1","endpoint":"1","reason":"full"}')).toBe(7);
    expect(value(asMaster, 'etherloom_port_dropped_frames_total {"port":"1","reason":"runt"}')).toBe(1);
    expect(value(asMaster, 'etherloom_dhcp_leases {"state":"bound"}')).toBe(2);
    expect(value(asMaster, 'etherloom_dhcp_frames_total {"treatment":"offered"}')).toBe(3);
    expect(value(asMaster, 'etherloom_star_members {}')).toBe(3);
    expect(value(asMaster, 'etherloom_star_shortcuts {}')).toBe(3);
    expect(value(asMaster, 'etherloom_star_guest_up {}')).toBe(1);
    expect(value(asSlave, 'etherloom_star_joined {}')).toBe(0);
    expect(value(asSlave, 'etherloom_star_joins_total {}')).toBe(4);
    expect(value(asSlave, 'etherloom_star_links_up {}')).toBe(1);
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
