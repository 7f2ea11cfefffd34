import { beforeEach, describe, expect, it } from 'vitest';
import { openMulticast } from '../../src/ports/udp-multicast.ts';
import { openUdp } from '../../src/ports/udp.ts';
import { interfaceNumber } from '../../src/system/ip-address.ts';
import { eventually } from '../eventually.ts';
import { collect, frameOf, Rig, using } from './rig.ts';
import { awaitUp, ip, useNetworkNamespace } from './tap-stage.ts';

useNetworkNamespace();

let isSetUp = false;

// Runs only in a namespace of the test's own: where there is none, the tests are skipped before this.
beforeEach(async () => {
  if (!isSetUp) {
    ip('link', 'set', 'lo', 'up');
    ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far');
    for (const end of ['near', 'far']) ip('link', 'set', end, 'up');
    await awaitUp('near', 'far');
  }
  isSetUp = true;
  ip('address', 'flush', 'dev', 'near');
  ip('address', 'add', '10.77.0.1/24', 'dev', 'near');
  ip('neighbour', 'replace', '10.77.0.2', 'lladdr', '02:00:00:00:00:02', 'dev', 'near', 'nud', 'permanent');
});

/** Gives the machine another address in place of the one that it had. */
function changeAddress(): void {
  ip('address', 'add', '10.77.0.3/32', 'dev', 'near');
  ip('address', 'flush', 'dev', 'near');
  ip('address', 'add', '10.77.0.3/24', 'dev', 'near');
}

describe('when the address of this machine changes', () => {
  it('a port on UDP goes on with the new one', async () => {
    const rig = new Rig();
    const remote = { host: '10.77.0.2', port: 7000 };
    const port = using(await openUdp({ local: { host: '', port: 7000 }, remote }, rig.environment));
    const here = collect(port);
    rig.send(port, frameOf(60));
    expect(port.counters.sentFrames).toBe(1);
    changeAddress();
    await eventually(() => {
      rig.send(port, frameOf(60));
      expect(port.counters.sentFrames).toBeGreaterThan(1);
    });
    expect([here.up, here.reason]).toEqual([true, undefined]);
    expect(rig.logged.join('\n')).toMatch(/this machine has no way to it now, or no longer the address/);
  });

  it('a port on a group goes on with the new one, and does not hear itself', async () => {
    const rig = new Rig();
    const group = { host: '239.5.5.5', port: 7001 };
    const port = using(await openMulticast(group, () => ({ group, interface: interfaceNumber('near'), hops: 1 }), rig.environment));
    collect(port);
    rig.send(port, frameOf(60));
    expect(port.counters.sentFrames).toBe(1);
    changeAddress();
    await eventually(() => {
      rig.send(port, frameOf(60));
      expect(port.counters.sentFrames).toBeGreaterThan(1);
    });
    expect(port.counters.receivedFrames).toBe(0);
  });

  it('a port on a group goes on when its interface is made anew', async () => {
    const rig = new Rig();
    const group = { host: '239.5.5.5', port: 7002 };
    ip('link', 'add', 'again', 'type', 'veth', 'peer', 'name', 'niaga');
    const up = (): void => {
      ip('address', 'add', '10.78.0.1/24', 'dev', 'again');
      for (const end of ['again', 'niaga']) ip('link', 'set', end, 'up');
    };
    up();
    const port = using(await openMulticast(group, () => ({ group, interface: interfaceNumber('again'), hops: 1 }), rig.environment));
    collect(port);
    ip('link', 'delete', 'again');
    rig.send(port, frameOf(60));
    expect(port.counters.sentFrames).toBe(0);
    ip('link', 'add', 'again', 'type', 'veth', 'peer', 'name', 'niaga');
    up();
    await eventually(() => {
      rig.send(port, frameOf(60));
      expect(port.counters.sentFrames).toBeGreaterThan(0);
    });
  });
});
