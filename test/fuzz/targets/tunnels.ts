import type { Encapsulation } from '../../../src/wire/encapsulation.ts';
import { etherIpTunnel } from '../../../src/wire/etherip.ts';
import { greTunnel, greKeyOf } from '../../../src/wire/gre.ts';
import { decodePcap } from '../../../src/wire/pcap.ts';
import { vxlanTunnel, vxlanKeyOf } from '../../../src/wire/vxlan.ts';
import { fixture } from '../../wire/fixture.ts';
import { must, type Target } from '../target.ts';

const outer = { ethernet: 14, ipv4: 20, ipv6: 40, udp: 8 };
const uint24 = 0x100_0000;

/** Packets of tunnels, each by tunnels with several keys. */
export const tunnelTargets: readonly Target[] = [
  targetOf('vxlan', [vxlanTunnel(0), vxlanTunnel(77), vxlanTunnel(0xff_ffff)], vxlanKeyOf, outer.udp),
  targetOf('gre', [greTunnel(), greTunnel(0), greTunnel(42)], greKeyOf),
  targetOf('etherip', [etherIpTunnel], () => 0),
];

function targetOf(name: string, tunnels: readonly Encapsulation[], keyOf: (packet: Uint8Array) => number, skip = 0): Target {
  return {
    name,
    seeds: () => [...payloads(`wire/${name}.pcap`, skip), ...tunnels.map(({ header }) => header)],
    words: () => tunnels.map(({ header }) => header),
    open: () => ({
      take: (input) => {
        const key = keyOf(input);
        must(Number.isInteger(key) && key >= 0 && key < (name === 'vxlan' ? uint24 : 2 ** 32), () => `${key} is a key`);
        for (const tunnel of tunnels) take(tunnel, key, input);
      },
    }),
  };
}

function take(tunnel: Encapsulation, key: number, input: Uint8Array): void {
  const before = input.slice();
  const at = tunnel.frameAt(input);
  must(
    before.every((octet, i) => octet === input[i]),
    () => 'a packet is not changed',
  );
  if (typeof at === 'string') return;
  must(at >= tunnel.header.length || tunnel.key === 0, () => `the frame at ${at} is behind the header`);
  must(at > 0 && at <= input.length, () => `the frame at ${at} is within ${input.length} octets`);
  must(key === tunnel.key, () => `a packet of key ${key} is not taken by the tunnel with key ${tunnel.key}`);
}

/** Returns the payloads of the packets in a capture, of IPv4 without options or of IPv6. */
function payloads(path: string, skip: number): Uint8Array[] {
  return (decodePcap(fixture(path))?.records ?? []).map(({ frame }) => {
    const ip = (frame[outer.ethernet] ?? 0) >>> 4 === 4 ? outer.ipv4 : outer.ipv6;
    return frame.slice(outer.ethernet + ip + skip);
  });
}
