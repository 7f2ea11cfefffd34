import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { DataPlane } from '../../src/daemon/data-plane.ts';
import type { OverlayPort } from '../../src/ports/overlay/overlay-port.ts';
import { openVxlan } from '../../src/ports/overlay/vxlan.ts';
import { VdeListener } from '../../src/ports/vde/vde-listener.ts';
import { eventually } from '../eventually.ts';
import { newDirectory, sendDatagram, using } from '../ports/rig.ts';
import { connect } from '../ports/vde-stage.ts';
import { frame, freePort, packet, right, UdpPeer } from '../ports/vxlan-stage.ts';

function openPlane(): DataPlane {
  return using(new DataPlane({ random: seededRandom(1), clock: realClock, log: quietLog }));
}

/** The place of a tunnel: an address of the loopback, a UDP port, and a network. */
interface Place {
  readonly local: string;
  readonly port: number;
  readonly vni: number;
}

/** Adds a VXLAN port to a switch. */
async function addTunnel(plane: DataPlane, { local, port, vni }: Place, ...remotes: readonly string[]): Promise<OverlayPort> {
  const listed = remotes.map((host) => ({ host, port }));
  const overlay = await openVxlan({ name: `${local} ${vni}`, local, listed, port, vni }, plane.environment);
  plane.add(overlay);
  return overlay;
}

describe('a switch with tunnels', () => {
  it('never sends a frame from one remote to another, nor back', async () => {
    const port = freePort();
    const [a, b] = [await UdpPeer.at('127.0.0.2', port), await UdpPeer.at('127.0.0.3', port)];
    const overlay = await addTunnel(openPlane(), { local: '127.0.0.1', port, vni: 7 }, '127.0.0.2', '127.0.0.3');
    await b.send(packet(...right, frame(2, 0)), port, '127.0.0.1');
    await a.send(packet(...right, frame(1, 2)), port, '127.0.0.1');
    await a.send(packet(...right, frame(1, 3)), port, '127.0.0.1');
    await eventually(() => expect(overlay.counters.receivedFrames).toBe(3));
    expect([overlay.counters.sentFrames, a.received.length, b.received.length]).toEqual([0, 0, 0]);
  });

  it('serves its other ports while frames go round in a loop of two tunnels', async () => {
    const [one, two] = [openPlane(), openPlane()];
    const directory = join(newDirectory(), 's');
    using(VdeListener.open({ directory, acceptor: one }, one.environment));
    const client = await connect(directory);
    let heard = 0;
    const station = one.stations.add({
      receive: (octets) => {
        if (octets[5] === 9) heard++;
      },
    });
    one.breath(() => station(frame(9, 1)));
    const port = freePort();
    const tunnels: OverlayPort[] = [];
    for (const vni of [1, 2]) {
      tunnels.push(await addTunnel(one, { local: '127.0.0.1', port, vni }, '127.0.0.2'));
      await addTunnel(two, { local: '127.0.0.2', port, vni }, '127.0.0.1');
    }
    const carried = (): number => tunnels.reduce((sum, { counters }) => sum + counters.sentFrames, 0);
    sendDatagram(client.data, frame(5, 0));
    for (let sent = 1; sent <= 20; sent++) {
      const before = carried();
      sendDatagram(client.data, frame(6, 9));
      await eventually(() => expect(heard).toBe(sent));
      await eventually(() => expect(carried()).toBeGreaterThan(before + 100));
    }
    expect(carried()).toBeGreaterThan(2_000);
  });
});
