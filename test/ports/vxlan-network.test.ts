import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { collect, frameOf, Rig, sameFrames } from './rig.ts';
import { awaitUp, ip, useNetworkNamespace } from './tap-stage.ts';
import { worksInGroup } from './vxlan-group.ts';
import { frame, freePort, openPort, packet, right, UdpPeer } from './vxlan-stage.ts';

useNetworkNamespace();

let isSetUp = false;

// Runs only in a namespace of the test's own: where there is none, the tests are skipped before this.
beforeEach(async () => {
  if (isSetUp) return;
  isSetUp = true;
  ip('link', 'set', 'lo', 'mtu', '1500', 'up');
  ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far');
  ip('address', 'add', 'fd00:7::1/64', 'dev', 'near', 'nodad');
  for (const end of ['near', 'far']) ip('link', 'set', end, 'up');
  await awaitUp('near', 'far');
});

// The loopback carries no IPv6 groups.
worksInGroup({ group: 'ff05::7707', host: 'fd00:7::1', interface: 'near' });

describe('a VXLAN port in a group of IPv6 of one link', () => {
  it('sends to the group, and to a host that it has learned by a link-local address', async () => {
    const rig = new Rig();
    const at = freePort();
    ip('address', 'add', 'fe80::77/64', 'dev', 'far', 'nodad');
    ip('address', 'add', 'fe80::7/64', 'dev', 'near', 'nodad');
    const port = await openPort(rig, { local: 'fe80::7%near', listed: [{ host: 'ff02::7708', port: at }], port: at });
    const member = await UdpPeer.inGroup('ff02::7708%near', at, 'near');
    const here = collect(port);
    rig.send(port, frame(9, 0));
    await member.count(1);
    const sender = await UdpPeer.at('fe80::7%near');
    await sender.send(packet(...right, frame(1, 0)), at, 'ff02::7708%near');
    await here.count(1);
    rig.send(port, frame(9, 1));
    expect(port.counters).toMatchObject({ sentFrames: 2, drops: { 'send-failed': 0 } });
  });
});

describe('a VXLAN port in a group, when the address of this machine changes', () => {
  it('does not hear itself', async () => {
    const clock = new ManualClock();
    const rig = new Rig(clock);
    const at = freePort();
    ip('address', 'replace', '10.77.0.1/24', 'dev', 'near');
    const port = await openPort(rig, { listed: [{ host: '239.5.5.5', port: at }], interface: 'near', port: at });
    const here = collect(port);
    ip('address', 'add', '10.77.0.3/24', 'dev', 'near');
    ip('address', 'del', '10.77.0.1/24', 'dev', 'near');
    ip('address', 'replace', '10.77.0.3/24', 'dev', 'near');
    clock.advance(1_000);
    rig.send(port, frame(9, 0));
    // Its own frame came before this one.
    const sender = await UdpPeer.at('10.77.0.3');
    sender.sendBy('near');
    await sender.send(packet(...right, frame(1, 0)), at, '239.5.5.5');
    await eventually(() => expect(here.frames.length).toBeGreaterThan(0));
    expect(here.frames.map((one) => one[11])).not.toContain(9);
  });
});

describe.each([
  { family: 4, host: '127.0.0.1', overhead: 28 + 8 },
  { family: 6, host: '::1', overhead: 48 + 8 },
])('a VXLAN port over IPv$family on a path of 1,500 octets', ({ host, overhead }) => {
  it('carries what fits with its headers, and counts the rest: no packet is fragmented', async () => {
    const rig = new Rig();
    const peer = await UdpPeer.at(host);
    const port = await openPort(rig, { local: host, listed: [{ host, port: peer.port }], port: freePort() });
    collect(port);
    const fits = 1_500 - overhead;
    rig.send(port, frameOf(fits + 1), frameOf(fits), frameOf(9_234), frameOf(60));
    const received = await peer.count(2);
    expect(received.map(({ payload }) => payload.length - 8).sort((a, b) => a - b)).toEqual([60, fits]);
    expect(port.counters).toMatchObject({ sentFrames: 2, drops: { oversize: 2 } });
  });
});

describe('a VXLAN port whose remote has no route', () => {
  it('counts its frames, serves the others, warns once, and stays', async () => {
    const rig = new Rig();
    const at = freePort();
    const peer = await UdpPeer.at('127.0.0.2');
    const listed = ['127.0.0.2', '192.0.2.1'].map((host) => ({ host, port: peer.port }));
    const port = await openPort(rig, { listed, port: at });
    const here = collect(port);
    rig.send(port, frame(9, 0), frame(9, 1));
    await peer.count(2);
    expect(port.counters).toMatchObject({ sentFrames: 2, drops: { 'send-failed': 0 } });
    const lone = await openPort(rig, { listed: listed.slice(1), port: at, vni: 8 });
    collect(lone);
    rig.send(lone, frame(9, 0), frame(9, 1));
    expect(lone.counters).toMatchObject({ sentFrames: 0, drops: { 'send-failed': 2 } });
    const warnings = rig.logged.filter((line) => line.includes('cannot send'));
    expect(warnings.length).toBe(2);
    for (const line of warnings) expect(line).toMatch(/cannot send to 192\.0\.2\.1: network is unreachable \(ENETUNREACH\)/);
    await peer.send(packet(...right, frame(1, 0)), at, '127.0.0.1');
    await here.count(1);
    expect([here.up, here.reason, sameFrames(here.frames, [frame(1, 0)])]).toEqual([true, undefined, true]);
  });
});
