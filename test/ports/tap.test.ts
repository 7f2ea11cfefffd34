import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BacklogLimits } from '../../src/ports/pure/backlog.ts';
import { DatagramPort } from '../../src/ports/datagram-port.ts';
import { maxFrame } from '../../src/ports/pure/port.ts';
import { openReturningTap, TapPort } from '../../src/ports/tap.ts';
import { bindFile, connectPath, datagramSocket } from '../../src/system/unix-socket.ts';
import { eventually } from '../eventually.ts';
import { newDirectory } from '../system/sockets.ts';
import { conforms } from './conformance.ts';
import { collect, CountingClock, descriptors, dropped, frameOf, Rig, sameFrames, using } from './rig.ts';
import { HostSide, ip, operationalState, setUp, useNetworkNamespace } from './tap-stage.ts';

useNetworkNamespace();

let interfaces = 0;

/** Returns a port on a new interface that is up, and the host's side of that. */
function openBoth(rig: Rig): { port: TapPort; far: HostSide; name: string } {
  const name = `t${interfaces++}`;
  const port = TapPort.open(name, rig.environment);
  setUp(name);
  return { port, far: new HostSide(name, rig), name };
}

conforms({
  name: 'a TAP interface',
  injects: false,
  // The kernel takes whatever it is given, and drops what it has no use for.
  stalls: false,
  farGone: 'closed',
  open(rig) {
    const { port, far, name } = openBoth(rig);
    // The kernel drops what the host sends until it has noticed, up to a second later, that the carrier is there again.
    const settled = (): Promise<void> => eventually(() => expect(operationalState(name)).not.toBe('DOWN'));
    const stopped = (): Promise<void> => eventually(() => expect(operationalState(name)).toBe('DOWN'));
    return Promise.resolve({ port, far, settled, stopped });
  },
  async opensForGood(rig) {
    const name = `t${interfaces++}`;
    const port = await openReturningTap(name, rig.environment);
    let appeared = false;
    const appear = async (): Promise<HostSide> => {
      if (appeared) ip('tuntap', 'add', 'dev', name, 'mode', 'tap');
      setUp(name);
      // The kernel drops what the host sends until it has noticed, up to a second later, that the port has taken the interface.
      if (appeared) await eventually(() => expect(operationalState(name)).toBe('UP'));
      appeared = true;
      return new HostSide(name, rig);
    };
    return { port, appear, isThere: true };
  },
});

describe('a TAP port', () => {
  it('that waits for its interface does not make it again itself', async () => {
    const clock = new CountingClock();
    const rig = new Rig(clock);
    const here = collect(using(await openReturningTap('unmade', rig.environment)));
    setUp('unmade');
    await here.carrierIs(true);
    ip('link', 'delete', 'unmade');
    await here.carrierIs(false);
    const before = clock.count;
    await eventually(() => expect(clock.count).toBeGreaterThanOrEqual(before + 3));
    expect(() => ip('link', 'show', 'unmade')).toThrow('does not exist');
    expect(rig.logged).toHaveLength(1);
  });

  it('takes the carrier from its interface while it is down, and from the one that is made again', async () => {
    const rig = new Rig();
    const port = using(await openReturningTap('offon', rig.environment));
    setUp('offon');
    const here = collect(port);
    await here.carrierIs(true);
    port.enable(false);
    await eventually(() => expect(operationalState('offon')).toBe('DOWN'));
    ip('link', 'delete', 'offon');
    await here.carrierIs(false);
    ip('tuntap', 'add', 'dev', 'offon', 'mode', 'tap');
    setUp('offon');
    await here.carrierIs(true);
    await eventually(() => expect(operationalState('offon')).toBe('DOWN'));
    port.enable(true);
    await eventually(() => expect(operationalState('offon')).toBe('UP'));
    ip('link', 'delete', 'offon');
    expect(rig.logged.filter((line) => line.includes('carrier'))).toEqual([]);
  });

  it('is down until its interface is up, and again when that was set down', async () => {
    const rig = new Rig();
    const port = using(TapPort.open('updown', rig.environment));
    const here = collect(port);
    expect(here.up).toBe(false);
    rig.send(port, frameOf(60));
    expect(port.counters.drops['no-carrier']).toBe(1);
    setUp('updown');
    await here.carrierIs(true);
    rig.send(port, frameOf(60));
    expect(port.counters.sentFrames).toBe(1);
    ip('link', 'set', 'updown', 'down');
    // There is no notice that it is down, until a frame finds out.
    rig.send(port, frameOf(60), frameOf(61));
    expect(here.up).toBe(false);
    expect(port.counters).toMatchObject({ sentFrames: 1, drops: { 'no-carrier': 3, 'send-failed': 0 } });
    setUp('updown');
    await here.carrierIs(true);
    rig.send(port, frameOf(60));
    expect(port.counters.sentFrames).toBe(2);
    expect(here.reason).toBeUndefined();
  });

  it('ends when its interface is deleted, also one that is down', async () => {
    for (const state of ['up', 'down']) {
      const port = using(TapPort.open('doomed', new Rig().environment));
      ip('link', 'set', 'doomed', state);
      const here = collect(port);
      ip('link', 'delete', 'doomed');
      expect(await here.ended()).toBe('the interface is gone: EBADFD');
    }
  });

  it('counts what it sends to an interface that is being deleted as refused', async () => {
    const rig = new Rig();
    const { port, name } = openBoth(rig);
    await collect(using(port)).carrierIs(true);
    ip('link', 'delete', name);
    rig.send(port, frameOf(60));
    expect(port.counters.drops['send-failed']).toBe(1);
  });

  it('leaves a lasting interface where it is, and takes it again', async () => {
    ip('tuntap', 'add', 'dev', 'lasting', 'mode', 'tap');
    setUp('lasting');
    for (let i = 0; i < 2; i++) {
      const port = TapPort.open('lasting', new Rig().environment);
      const here = collect(port);
      expect(here.up).toBe(true);
      await port[Symbol.asyncDispose]();
    }
    ip('link', 'delete', 'lasting');
  });

  it('drops what is longer than its frames whole, and counts it', async () => {
    const rig = new Rig();
    const { port, far, name } = openBoth(rig);
    using(far);
    ip('link', 'set', name, 'mtu', '12000');
    const here = collect(using(port));
    for (const size of [maxFrame + 1, 12_000, maxFrame]) far.inject(frameOf(size));
    await here.count(1);
    expect(sameFrames(here.frames, [frameOf(maxFrame)])).toBe(true);
    expect(port.counters).toMatchObject({ receivedFrames: 1, drops: { oversize: 2 } });
  });

  it('takes no more than 64 frames before others have their turn', async () => {
    const rig = new Rig();
    const { port, far } = openBoth(rig);
    using(far);
    for (let i = 0; i < 200; i++) far.inject(frameOf(60, i));
    const batches: number[] = [];
    const { breath } = rig.environment;
    const counted = (work: () => void): void => {
      const before = port.counters.receivedFrames;
      breath(work);
      batches.push(port.counters.receivedFrames - before);
    };
    Object.assign(rig.environment, { breath: counted });
    const here = collect(using(port));
    await here.count(200);
    expect(batches).toEqual([64, 64, 64, 8]);
    const all = Array.from({ length: 200 }, (_, i) => frameOf(60, i));
    expect(sameFrames(here.frames, all)).toBe(true);
  });

  /** Returns a port whose interface is a socket in fact, which unlike the kernel's own host may stall; and that socket's other end. */
  function openStalling(rig: Rig, backlog?: BacklogLimits): { port: TapPort; far: DatagramPort } {
    const directory = newDirectory();
    const [near, far] = ['near', 'far'].map((name) => {
      const fd = datagramSocket();
      bindFile(fd, { path: join(directory, name), mode: 0o600 });
      return fd;
    }) as [number, number];
    connectPath(near, join(directory, 'far'));
    connectPath(far, join(directory, 'near'));
    const port = using(new TapPort({ name: 'socket', fd: near }, rig.environment, backlog && { backlog }));
    return { port, far: using(new DatagramPort({ fd: far, module: 'far', description: 'far' }, rig.environment)) };
  }

  it('keeps a bounded backlog where the kernel takes no more, and drains it in order when it does again', async () => {
    const rig = new Rig();
    const { port, far } = openStalling(rig);
    collect(port);
    let sent = 0;
    while (dropped(port.counters) === 0) rig.send(port, ...Array.from({ length: 64 }, () => frameOf(900, sent++)));
    expect(port.counters.drops['backlog-full']).toBe(dropped(port.counters));
    const kept = sent - dropped(port.counters);
    const there = collect(far);
    await there.count(kept);
    const all = Array.from({ length: kept }, (_, i) => frameOf(900, i));
    expect(sameFrames(there.frames, all)).toBe(true);
    rig.send(port, frameOf(60));
    await there.count(kept + 1);
    expect(port.counters).toMatchObject({ sentFrames: kept + 1, sentOctets: 900 * kept + 60 });
    expect(rig.budget.used).toBe(0);
  });

  it('gives back what waited when it ends', async () => {
    const rig = new Rig();
    const { port } = openStalling(rig, { frames: 10 });
    collect(port);
    while (dropped(port.counters) === 0) rig.send(port, frameOf(900));
    expect(rig.budget.used).toBeGreaterThan(0);
    await port[Symbol.asyncDispose]();
    expect(rig.budget.used).toBe(0);
  });

  it('frees what it holds where nobody attached', async () => {
    const before = descriptors();
    const port = TapPort.open('unused', new Rig().environment);
    await port[Symbol.asyncDispose]();
    expect(descriptors()).toBe(before);
  });
});
