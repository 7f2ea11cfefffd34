import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsoleStage, FakeEndpoint } from '../vde-console/console-stage.ts';
import { user } from '../user.ts';

const alice = 1000;
const bob = 1001;
const staff = 50;

let stage: ConsoleStage;
beforeEach(() => (stage = new ConsoleStage({ numports: 8, isMember: (uid, gid) => uid === bob && gid === staff })));
afterEach(() => stage[Symbol.dispose]());

describe('who names no port', () => {
  it('is given the lowest at which nobody is, and never port 0', () => {
    expect(stage.ports.choose('any', user(alice))).toBe(1);
    stage.plug(1);
    stage.plug(3);
    expect(stage.ports.choose('any', user(alice))).toBe(2);
    stage.ports.at(1)?.[0]?.close();
    expect(stage.ports.choose('any', user(alice))).toBe(1);
  });

  it('is given none that was made for those who name it, or is somebody else`s', () => {
    const { ports } = stage;
    ports.create(1);
    stage.plug(2).close();
    const second = ports.get(2);
    if (second) second.user = bob;
    expect(ports.choose('any', user(alice))).toBe(3);
    expect(ports.choose('any', user(bob))).toBe(2);
    const first = ports.get(1);
    if (first) first.allocatable = true;
    expect(ports.choose('any', user(alice))).toBe(1);
  });

  it('is given none when all are taken', () => {
    for (let port = 1; port < 8; port++) stage.plug(port);
    expect(stage.ports.choose('any', user(alice))).toEqual({ reason: 'all-in-use', ports: 7 });
    // One is free, but not for her.
    stage.ports.at(5)?.[0]?.close();
    const fifth = stage.ports.get(5);
    if (fifth) fifth.user = bob;
    expect(stage.ports.choose('any', user(alice))).toEqual({ reason: 'none-open', ports: 7 });
    expect(stage.ports.choose('any', user(bob))).toBe(5);
  });
});

describe('who names a port', () => {
  it('shares it with his own clients, and with nobody else`s, whoever he is', () => {
    stage.plug(2, { peer: user(alice) });
    expect(stage.ports.choose(2, user(alice))).toBe(2);
    for (const uid of [bob, 0]) expect(stage.ports.choose(2, user(uid))).toEqual({ reason: 'other-user', ports: 7 });
  });

  it('shares it with 63 others at most', () => {
    for (let n = 0; n < 64; n++) {
      expect(stage.ports.choose(2, user(alice))).toBe(2);
      stage.plug(2, { peer: user(alice) });
    }
    expect(stage.ports.choose(2, user(alice))).toEqual({ reason: 'crowded', ports: 7 });
  });

  it('is let in by user, by group, or as root', () => {
    const { ports } = stage;
    ports.create(2);
    const port = ports.get(2);
    if (!port) throw new Error('a port');
    port.user = alice;
    const reserved = { reason: 'reserved', ports: 7 };
    expect([alice, bob, 0].map((uid) => ports.choose(2, user(uid)))).toEqual([2, reserved, 2]);
    port.group = staff;
    expect([alice, bob, 0].map((uid) => ports.choose(2, user(uid)))).toEqual([2, 2, 2]);
    port.user = undefined;
    expect([alice, bob, 0].map((uid) => ports.choose(2, user(uid)))).toEqual([reserved, 2, 2]);
  });

  it('is refused beyond the last, and let in at the management port', () => {
    expect(stage.ports.choose(8, user(alice))).toEqual({ reason: 'no-such-port', ports: 7 });
    expect(stage.ports.choose('management', user(alice))).toBe(0);
  });
});

describe('a port', () => {
  it('stays when the last one left, with its VLANs and its counters, and without a carrier', () => {
    const { ports, switch: bridge } = stage;
    const endpoint = stage.plug(2);
    const session = stage.session();
    session.say('vlan/create 5');
    session.say('port/setvlan 2 5');
    stage.receive(2, new Uint8Array(60).fill(2));
    endpoint.close();
    expect(bridge.port(2)).toMatchObject({ up: false, vlans: { untagged: 5 } });
    expect(ports.counts(2).receivedFrames).toBe(1);
    ports.resetCounts(2);
    expect(ports.counts(2)).toEqual({ receivedFrames: 0, receivedOctets: 0, sentFrames: 0, sentOctets: 0 });
    expect(ports.remove(2)).toBeUndefined();
    expect(bridge.port(2)).toBeUndefined();
  });

  it('is up until the last one left', () => {
    const [one, other] = [stage.plug(2), stage.plug(2)];
    one.close();
    expect(stage.switch.port(2)?.up).toBe(true);
    other.close();
    expect(stage.switch.port(2)?.up).toBe(false);
  });

  it('is left once by each, whoever says it again', () => {
    const told: string[] = [];
    using _ = stage.ports.changes.subscribe(({ kind }) => void told.push(kind));
    const one = stage.plug(2);
    one.close();
    one.close();
    stage.ports.leave(2, new FakeEndpoint(99, {}, () => undefined));
    expect(told).toEqual(['created', 'joined', 'left', 'emptied']);
  });

  it('is made and removed, or it is said why not', () => {
    const { ports } = stage;
    expect([ports.create(8), ports.create(-1), ports.create(2), ports.create(2)]).toEqual([
      'out-of-range',
      'out-of-range',
      undefined,
      'exists',
    ]);
    expect(ports.createLowest()).toBe(1);
    expect(ports.createLowest()).toBe(3);
    stage.plug(3);
    expect([ports.remove(9), ports.remove(4), ports.remove(3), ports.remove(2)]).toEqual(['out-of-range', 'no-port', 'in-use', undefined]);
    while (ports.createLowest() !== undefined);
    expect(ports.list().map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('is below the number of ports, which goes no lower than that', () => {
    const { ports } = stage;
    ports.create(5);
    expect([ports.setNumports(5), ports.setNumports(0), ports.setNumports(65_537), ports.setNumports(Number.NaN)]).toEqual([
      'in-use',
      'out-of-range',
      'out-of-range',
      'out-of-range',
    ]);
    expect(ports.setNumports(6)).toBeUndefined();
    expect(ports.numports).toBe(6);
    expect(ports.setNumports(65_536)).toBeUndefined();
    expect(ports.create(65_535)).toBeUndefined();
  });
});
