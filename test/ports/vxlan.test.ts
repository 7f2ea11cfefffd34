import { describe, expect, it } from 'vitest';
import type { OverlayPort } from '../../src/ports/overlay/overlay-port.ts';
import { openVxlan, type VxlanOptions } from '../../src/ports/overlay/vxlan.ts';
import { bindIp, udpSocket } from '../../src/system/ip-socket.ts';
import { ownName } from '../../src/system/socket-name.ts';
import { closeSync } from 'node:fs';
import { collect, frameOf, Rig, sameFrames, using } from './rig.ts';

const loopback = { 4: '127.0.0.1', 6: '::1' } as const;

function freePort(): number {
  const fd = udpSocket(4);
  bindIp(fd, '0.0.0.0', 0);
  const { port } = ownName(fd);
  closeSync(fd);
  return port;
}

async function pair(rig: Rig, family: 4 | 6, more: Partial<VxlanOptions> = {}): Promise<readonly [OverlayPort, OverlayPort]> {
  const host = loopback[family];
  const [a, b] = [freePort(), freePort()];
  const one = await openVxlan({ name: 'a', local: host, listed: [{ host, port: b }], port: a, vni: 7, ...more }, rig.environment);
  const two = await openVxlan({ name: 'b', local: host, listed: [{ host, port: a }], port: b, vni: 7, ...more }, rig.environment);
  return [using(one), using(two)];
}

describe.each([4, 6] as const)('IPv%i', (family) => {
  it('carries', async () => {
    const rig = new Rig();
    const [one, two] = await pair(rig, family);
    const [here, there] = [collect(one), collect(two)];
    const frames = [14, 60, 1514, 9234].map((size) => frameOf(size));
    rig.send(one, ...frames);
    await there.count(4);
    expect(sameFrames(there.frames, frames)).toBe(true);
    rig.send(two, ...frames);
    await here.count(4);
    expect(sameFrames(here.frames, frames)).toBe(true);
    expect(one.counters).toMatchObject({ sentFrames: 4, receivedFrames: 4 });
  });
});
