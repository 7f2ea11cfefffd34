import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { open } from '../../src/ports/open.ts';
import type { Port } from '../../src/ports/pure/port.ts';
import { openVdeLink } from '../../src/ports/vde/vde-link.ts';
import { VdeListener } from '../../src/ports/vde/vde-listener.ts';
import { conforms } from './conformance.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { collect, frameOf, newDirectory, Ports, Rig, using } from './rig.ts';

/** Returns a switch in that directory, as the port of its first client: it ends with that. */
async function switchAt(rig: Rig, directory: string): Promise<Port> {
  const ports = new Ports();
  const listener = VdeListener.open({ directory, acceptor: ports }, rig.environment);
  const far = await ports.next();
  const dispose = far[Symbol.asyncDispose].bind(far);
  const end = async (): Promise<void> => {
    await dispose();
    await listener[Symbol.asyncDispose]();
  };
  return Object.assign(far, { [Symbol.asyncDispose]: end });
}

conforms({
  name: 'a port on another VDE switch',
  injects: false,
  farGone: 'carrier',
  farSeesDown: 'closed',
  async open(rig) {
    const directory = join(newDirectory(), 's');
    const far = switchAt(rig, directory);
    const port = await openVdeLink({ directory, wish: 'any' }, rig.environment);
    return { port, far: await far };
  },
  async opensForGood(rig) {
    const directory = join(newDirectory(), 's');
    const port = await openVdeLink({ directory, wish: 'any' }, rig.environment);
    return { port, appear: () => switchAt(rig, directory) };
  },
});

describe('an address that no port can ever be opened at', () => {
  const nobody = new Ports();

  it.each([
    ['vde', (path: string) => `vde://${path}`, /file\/ctl as the name of a socket: not a directory/],
    ['qemu-stream', (path: string) => `qemu-stream://${path}`, /file is not a socket; name the one that QEMU listens on/],
    ['qemu', (path: string) => `qemu://${path}.ours,${path}`, /file is not a socket; name the one that QEMU binds/],
    ['tap', () => 'tap://a-name-that-is-too-long', /1 to 15 octets/],
    ['tcp', () => 'tcp://127.0.0.1:99999', /is not HOST:PORT/],
  ])('is an error at once: %s', async (_scheme, address, message) => {
    const path = join(newDirectory(), 'file');
    writeFileSync(path, '');
    await expect(open(address(path), new Rig().environment, nobody)).rejects.toThrow(message);
  });

  it('is one at once where a file stands in the place of the socket of a switch', async () => {
    const directory = join(newDirectory(), 's');
    mkdirSync(directory);
    writeFileSync(join(directory, 'ctl'), '');
    await expect(open(`vde://${directory}`, new Rig().environment, nobody)).rejects.toThrow(
      /ctl is not a socket; name the directory of a switch/,
    );
  });
});

describe('a port on another VDE switch', () => {
  it('waits while the switch has no port for it', async () => {
    const rig = new Rig();
    const directory = join(newDirectory(), 's');
    const ports = new Ports();
    const choose = ports.choose;
    ports.choose = () => ({ reason: 'all-in-use', ports: 3 });
    using(VdeListener.open({ directory, acceptor: ports }, rig.environment));
    const here = collect(using(await openVdeLink({ directory, wish: 3 }, rig.environment)));
    expect(here.up).toBe(false);
    expect(rig.logged.filter((line) => line.startsWith('no link to'))).toEqual([expect.stringMatching(/refused.*trying again/s)]);
    ports.choose = choose;
    await here.carrierIs(true);
  });

  it('leaves that switch while it is down, which is all that a switch can see of it, and comes back when it is up', async () => {
    const rig = new Rig();
    const directory = join(newDirectory(), 's');
    const ports = new Ports();
    using(VdeListener.open({ directory, acceptor: ports }, rig.environment));
    const port = using(await openVdeLink({ directory, wish: 'any' }, rig.environment));
    const here = collect(port);
    const there = collect(using(await ports.next()));
    await Promise.all([here.carrierIs(true), there.carrierIs(true)]);
    // Once more and at once: an attempt that is under way must not make a second one.
    for (const up of [false, true, false]) port.enable(up);
    await there.ended();
    expect(here.up).toBe(false);
    port.enable(true);
    await here.carrierIs(true);
    const back = ports.ports.at(-1);
    if (!back) throw new Error('no port');
    const again = collect(using(back));
    rig.send(port, frameOf(60));
    await again.count(1);
    expect(rig.logged.filter((line) => line.startsWith('no link to'))).toEqual([]);
  });

  it('does not dial while it is down, and does when it is up', async () => {
    const clock = new ManualClock();
    const rig = new Rig(clock);
    const directory = join(newDirectory(), 's');
    const port = using(await openVdeLink({ directory, wish: 'any' }, rig.environment));
    const here = collect(port);
    expect(clock.timers).toBe(1);
    port.enable(false);
    clock.advance(10_000);
    expect(clock.timers).toBe(0);
    using(VdeListener.open({ directory, acceptor: new Ports() }, rig.environment));
    port.enable(true);
    await eventually(() => {
      clock.advance(1);
      expect(here.up).toBe(true);
    });
  });
});
