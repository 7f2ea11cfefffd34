import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { logTo, quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { DataPlane, type DataPlaneOptions } from '../../src/daemon/data-plane.ts';
import { newPortCounters, type Port, type Receiver } from '../../src/ports/pure/port.ts';
import { VdeListener } from '../../src/ports/vde/vde-listener.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';
import { frameOf, newDirectory, sendDatagram, using } from '../ports/rig.ts';
import { housesStations, lends, NotedPort as SuitePort } from '../plane/conformance.ts';
import { connect } from '../ports/vde-stage.ts';
import { user } from '../user.ts';
import { self } from '../../src/ports/pure/peer.ts';

/** A port that notes the calls to it. */
class NotedPort implements Port {
  readonly module = 'noted';
  readonly description: string;
  readonly counters = newPortCounters();
  readonly events: string[];
  receiver: Receiver | undefined;
  disposed = false;
  #taken: Uint8Array[] = [];

  constructor(description: string, events: string[] = []) {
    this.description = description;
    this.events = events;
  }

  attach(receiver: Receiver): void {
    this.receiver = receiver;
    receiver.carrier(true);
  }

  transmit(frame: Uint8Array): void {
    this.#taken.push(frame);
  }

  flush(): void {
    this.events.push(`${this.description}: ${this.#taken.map((frame) => frame.length).join(' ')}`);
    this.#taken = [];
  }

  enable(up: boolean): void {
    this.events.push(`${this.description}: ${up ? 'up' : 'down'}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
    return Promise.resolve();
  }
}

function plane(options: Partial<DataPlaneOptions> = {}): DataPlane {
  return new DataPlane({ random: seededRandom(1), clock: new ManualClock(), log: quietLog, ...options });
}

/** Returns a frame from one station to another; 255 is the broadcast address. */
function frame(from: number, to: number, size = 60): Uint8Array {
  const octets = frameOf(size);
  octets.set([to === 255 ? 0xff : 2, ...new Array<number>(5).fill(to), 2, ...new Array<number>(5).fill(from), 8, 0]);
  return octets;
}

/** Ports of these names at a new plane, all noting into one list. */
function stage(
  names: readonly string[],
  options: Partial<DataPlaneOptions> = {},
): { plane: DataPlane; ports: NotedPort[]; events: string[] } {
  const events: string[] = [];
  const ports = names.map((name) => new NotedPort(name, events));
  const made = plane(options);
  for (const port of ports) made.add(port);
  return { plane: made, ports, events };
}

lends('a data plane', () => {
  const made = plane();
  const ports = [new SuitePort(), new SuitePort()] as const;
  const numbers = ports.map((port) => made.add(port));
  return {
    breath: made.breath,
    release: made.environment.release,
    send: (frame) => {
      for (const number of numbers) made.send(number, frame);
    },
    flushes: () => [ports[0].flushes.length, ports[1].flushes.length],
    fail: (error) => (ports[0].failing = error),
  };
});

housesStations('a data plane', () => {
  const made = plane({ trunk: true });
  const port = new SuitePort();
  made.add(port);
  return { breath: made.breath, add: (options) => made.stations.add(options), port };
});

describe('a breath', () => {
  it('overwrites what was received when it ends, if that is asked for', async () => {
    const made = using(plane({ poison: true, clock: realClock }));
    const directory = join(newDirectory(), 's');
    using(VdeListener.open({ directory, acceptor: made }, made.environment));
    const client = await connect(directory);
    const kept = new Promise<Uint8Array>((resolve) => {
      made.stations.add({
        receive: (received) => {
          expect(received).toEqual(frame(1, 255));
          setImmediate(() => resolve(received));
        },
      });
    });
    sendDatagram(client.data, frame(1, 255));
    expect(await kept).toEqual(new Uint8Array(60).fill(0xa5));
  });
});

describe('the ports of a plane', () => {
  it('are given the lowest free numbers, from 1', async () => {
    const { plane, ports } = stage(['a', 'b', 'c']);
    expect([...plane.ports.endpoints()].map(({ number }) => number)).toEqual([1, 2, 3]);
    ports[1]?.receiver?.closed('gone');
    expect(plane.choose('any', user(0))).toBe(2);
    expect(plane.add(new NotedPort('d'))).toBe(2);
    expect(plane.add(new NotedPort('e'))).toBe(4);
    await plane[Symbol.asyncDispose]();
  });

  it('are bounded by their number', () => {
    const { plane } = stage(['a', 'b'], { numports: 3 });
    expect(plane.choose('any', user(0))).toEqual({ reason: 'all-in-use', ports: 2 });
    expect(() => plane.add(new NotedPort('c'))).toThrow(/all 2 ports of the switch are in use; start the switch with a higher --numports/);
    expect([plane.choose(2, self), plane.choose(3, user(0)), plane.choose(99, user(0)), plane.choose('management', user(5))]).toEqual([
      2,
      { reason: 'no-such-port', ports: 2 },
      { reason: 'no-such-port', ports: 2 },
      0,
    ]);
  });

  it('are shared by endpoints of one user only, and a frame of one is not for the others', () => {
    const { plane, events } = stage(['a']);
    const [one, two] = [new NotedPort('one', events), new NotedPort('two', events)];
    expect(plane.choose(7, user(1000))).toBe(7);
    plane.accept(one, 7, user(1000));
    const denied = { reason: 'other-user', ports: 1023 };
    expect([plane.choose(7, user(1001)), plane.choose(7, user(0)), plane.choose(7, user(1000))]).toEqual([denied, denied, 7]);
    plane.accept(two, 7, user(1000));
    plane.breath(() => one.receiver?.receive(frame(1, 255)));
    expect(events).toEqual(['a: 60']);
    plane.breath(() => [...plane.ports.endpoints()].find(({ number }) => number === 1)?.port && plane.switch.receive(1, frame(2, 1, 61)));
    expect(events).toEqual(['a: 60', 'one: 61', 'two: 61']);
  });

  it('have room for 64 endpoints each', () => {
    const made = plane();
    for (let i = 0; i < 64; i++) {
      expect(made.choose(7, user(1000))).toBe(7);
      made.accept(new NotedPort(`endpoint ${i}`), 7, user(1000));
    }
    expect(made.choose(7, user(1000))).toMatchObject({ reason: 'crowded' });
    expect(made.choose(8, user(1000))).toBe(8);
  });

  it('are up while one endpoint is', () => {
    const made = plane();
    const [one, two] = [new NotedPort('one'), new NotedPort('two')];
    made.accept(one, 7, user(0));
    made.accept(two, 7, user(0));
    const up = (): boolean | undefined => made.switch.port(7)?.up;
    expect(up()).toBe(true);
    one.receiver?.carrier(false);
    expect(up()).toBe(true);
    two.receiver?.carrier(false);
    expect(up()).toBe(false);
    one.receiver?.carrier(true);
    expect(up()).toBe(true);
    one.receiver?.closed('gone');
    expect(up()).toBe(false);
    two.receiver?.closed('gone');
    expect(up()).toBe(false);
  });

  it('tells when a port gets its carrier and when it loses it, once for all its endpoints', () => {
    const dataPlane = plane();
    const changes: string[] = [];
    dataPlane.ports.changes.subscribe(({ kind, port }) => void changes.push(`${kind} ${port}`));
    const [one, two] = [new NotedPort('one'), new NotedPort('two')];
    for (const port of [one, two]) dataPlane.accept(port, 1, self);
    one.receiver?.carrier(false);
    two.receiver?.carrier(false);
    two.receiver?.carrier(true);
    one.receiver?.carrier(true);
    expect(changes.filter((change) => /up|down/.test(change))).toEqual(['up 1', 'down 1', 'up 1']);
  });

  it('stay when nobody is at them, with their VLANs, and are given again', () => {
    const { plane, ports } = stage(['a', 'b']);
    plane.switch.vlans.create(vid(5));
    plane.switch.vlans.setUntagged(2, vid(5));
    ports[1]?.receiver?.closed('gone');
    expect(plane.add(new NotedPort('c'))).toBe(2);
    expect(plane.switch.port(2)).toMatchObject({ up: true, vlans: { untagged: 5 } });
  });

  it('forget what was learned from them when nobody is at them', () => {
    const { plane, ports, events } = stage(['a', 'b', 'c']);
    plane.breath(() => ports[1]?.receiver?.receive(frame(2, 255)));
    ports[1]?.receiver?.closed('gone');
    events.length = 0;
    plane.breath(() => ports[0]?.receiver?.receive(frame(1, 2)));
    expect(events).toEqual(['c: 60']);
    // A late word of the port changes nothing.
    ports[1]?.receiver?.carrier(true);
    ports[1]?.receiver?.closed('again');
    plane.breath(() => ports[1]?.receiver?.receive(frame(2, 255)));
    expect(plane.switch.port(2)?.counters.drops).toMatchObject({ 'port-down': 1 });
  });

  it('that are down carry nothing, also past the switch, whoever comes to them, until they are up', () => {
    const { plane, ports, events } = stage(['a', 'b', 'c']);
    expect(plane.ports.setCondition(2, { up: false })).toBeUndefined();
    expect(plane.switch.port(2)?.up).toBe(false);
    plane.breath(() => ports[0]?.receiver?.receive(frame(1, 255)));
    plane.breath(() => ports[1]?.receiver?.receive(frame(2, 255)));
    plane.breath(() => plane.send(2, frame(1, 2)));
    expect(events).toEqual(['b: down', 'c: 60', 'b: ']);
    expect(plane.ports.at(2)?.[0]?.drops).toMatchObject({ 'port-down': 2 });
    ports[1]?.receiver?.closed('gone');
    const next = new NotedPort('next', events);
    expect(plane.add(next)).toBe(2);
    expect(plane.switch.port(2)?.up).toBe(false);
    expect(plane.describe(2)).toBe('port 2, noted next (down)');
    events.length = 0;
    plane.ports.setCondition(2, { up: true });
    plane.breath(() => ports[0]?.receiver?.receive(frame(1, 255)));
    expect(events).toEqual(['next: up', 'next: 60', 'c: 60']);
  });

  it('that are down have no part in a spanning tree', () => {
    const { plane } = stage(['a', 'b'], { mac: macFromNumber(0x00ff_0000_0001), fstp: true });
    const inTree = (): number[] => plane.switch.fstp.state(vid(0)).ports.map(({ number }) => number);
    expect(inTree()).toEqual([1, 2]);
    plane.ports.setCondition(2, { up: false });
    expect(inTree()).toEqual([1]);
    plane.ports.setCondition(2, { up: true });
    expect(inTree()).toEqual([1, 2]);
    plane.switch[Symbol.dispose]();
  });

  it('that are impaired are so for each client of theirs, now and later, and count what that loses', () => {
    const { plane, ports, events } = stage(['a', 'b', 'c']);
    plane.ports.setCondition(2, { impairment: { loss: 100 } });
    plane.breath(() => ports[0]?.receiver?.receive(frame(1, 255)));
    plane.breath(() => ports[1]?.receiver?.receive(frame(2, 255)));
    expect(events).toEqual(['b: ', 'c: 60']);
    expect(plane.ports.at(2)?.[0]?.drops).toMatchObject({ 'impair-loss': 2 });
    ports[1]?.receiver?.closed('gone');
    plane.add(new NotedPort('next', events));
    expect(plane.describe(2)).toBe('port 2, noted next (impaired)');
    events.length = 0;
    plane.breath(() => ports[0]?.receiver?.receive(frame(1, 255)));
    expect(events).toEqual(['next: ', 'c: 60']);
  });

  it('have nothing between them and the switch that was not asked for, before and after', () => {
    const { plane, ports } = stage(['a', 'b']);
    const [, driver] = ports;
    const endpoint = (): unknown => plane.ports.at(2)?.[0]?.port;
    const receiver = driver?.receiver;
    expect(endpoint()).toBe(driver);
    plane.ports.setCondition(2, { impairment: { loss: 100 } });
    expect([endpoint() === driver, driver?.receiver === receiver]).toEqual([false, false]);
    plane.ports.setCondition(2, { impairment: undefined });
    expect([endpoint() === driver, driver?.receiver === receiver]).toEqual([true, true]);
  });

  it('say in the log what was asked of them', () => {
    const logged: string[] = [];
    const { plane } = stage(['a'], { log: logTo((line) => void logged.push(line)) });
    logged.length = 0;
    plane.ports.setCondition(1, { up: false });
    plane.ports.setCondition(1, { up: false, impairment: undefined });
    plane.ports.setCondition(1, { up: true, impairment: { loss: 5 } });
    plane.ports.setCondition(1, { impairment: undefined });
    expect(logged).toEqual(['port 1 is down', 'port 1 is impaired, each way: loss 5', 'port 1 is up, and not impaired']);
  });

  it('end with the plane', async () => {
    const { plane, ports } = stage(['a', 'b']);
    await plane[Symbol.asyncDispose]();
    expect(ports.every(({ disposed }) => disposed)).toBe(true);
  });
});
