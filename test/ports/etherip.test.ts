import { expect, it } from 'vitest';
import { etherIp } from '../../src/ports/overlay/raw-ip.ts';
import { etherIpTunnel } from '../../src/wire/etherip.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { conformsOverIp, openPair } from './raw-ip.ts';
import { collect, frameOf, Rig, sameFrames, using } from './rig.ts';
import { describeInTwoNetworks } from './two-networks.ts';

const tunnel = { protocol: etherIp, encapsulation: etherIpTunnel };

describeInTwoNetworks(import.meta.url, (networks) => {
  conformsOverIp(networks, 'EtherIP', tunnel);

  it('counts packets with another version or with reserved bits', async () => {
    const rig = new Rig();
    const { port, far, inject, rest } = await openPair(rig, networks, 4, { near: tunnel });
    [port, far, rest].forEach(using);
    const here = collect(port);
    collect(far);
    for (const header of [Uint8Array.of(0x20, 0), Uint8Array.of(0x30, 1), Uint8Array.of(0x03, 0)])
      inject(concatOctets(header, frameOf(60)));
    rig.send(far, frameOf(61));
    await here.count(1);
    expect(sameFrames(here.frames, [frameOf(61)])).toBe(true);
    expect(port.counters.drops.malformed).toBe(3);
  });
});
