import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { encodeArp } from '../../src/wire/arp.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { encodeIcmpEcho } from '../../src/wire/icmp.ts';
import { encodeIpv4, ipProtocols, ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { encodeUdp } from '../../src/wire/udp.ts';
import { addressOf, macOf, Wire } from './host-wire.ts';

const stranger = macFromNumber(0x0200_0000_2000);

/** Frames of all kinds that a host takes in, whole. */
const valid: readonly Uint8Array[] = [
  ...(['request', 'reply'] as const).map((operation) => {
    const who = { senderMac: stranger, senderAddress: addressOf(9), targetMac: macFromNumber(0), targetAddress: addressOf(1) };
    return encodeEthernet({
      destination: broadcastMac,
      source: stranger,
      etherType: etherTypes.arp,
      payload: encodeArp({ operation, ...who }),
    });
  }),
  ...(['request', 'reply'] as const).map((type) =>
    packetFrame(ipProtocols.icmp, encodeIcmpEcho({ type, identifier: 7919, sequence: 1, payload: new Uint8Array(8) })),
  ),
  ...[7, 68, 9].map((destinationPort) => {
    const udp = { sourcePort: 67, destinationPort, payload: new Uint8Array(300) };
    return packetFrame(ipProtocols.udp, encodeUdp(udp, addressOf(9), addressOf(1)));
  }),
];

/** A valid frame that was cut or made longer, and some of whose octets are others. */
const mutated = fc
  .record({
    frame: fc.constantFrom(...valid),
    changes: fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 6 }),
    cut: fc.nat(360),
    tail: fc.uint8Array({ maxLength: 20 }),
  })
  .map(({ frame, changes, cut, tail }) => {
    const changed = concatOctets(frame.subarray(0, cut), tail);
    for (const [at, octet] of changes) if (at < changed.length) changed[at] = octet;
    return changed;
  });

const random = fc
  .tuple(fc.boolean(), fc.constantFrom(etherTypes.arp, etherTypes.ipv4, etherTypes.ipv6), fc.uint8Array({ maxLength: 120 }))
  .map(([toAll, etherType, payload]) =>
    encodeEthernet({ destination: toAll ? broadcastMac : macOf(1), source: stranger, etherType, payload }),
  );

/** Returns a host that does all it can do. */
function busyHost(wire: Wire, sent: Uint8Array[]): Host {
  const network = { address: ipv4FromNumber(0x0a00_0000), prefixLength: 24 };
  const host = wire.host(1, { dhcp: true, ipv4: { address: addressOf(1), network }, send: (frame) => sent.push(frame) });
  host.udp(7, () => undefined);
  host.ping(addressOf(9), () => undefined);
  return host;
}

describe('a host', () => {
  it('lives on whatever frames, and answers each with one frame at most', () => {
    using wire = new Wire();
    const sent: Uint8Array[] = [];
    const host = busyHost(wire, sent);
    wire.clock.advanceSeconds(30);
    const timers = wire.clock.timers;
    fc.assert(
      fc.property(fc.oneof(mutated, random, fc.uint8Array({ maxLength: 60 })), (frame) => {
        sent.length = 0;
        host.receive(frame);
        expect(sent.length).toBeLessThanOrEqual(1);
        expect(wire.clock.timers).toBeLessThanOrEqual(timers);
      }),
      { numRuns: 3000 },
    );
  });

  it('does not grow with what it is sent', () => {
    using wire = new Wire();
    const host = busyHost(wire, []);
    wire.clock.advanceSeconds(30);
    const timers = wire.clock.timers;
    for (let n = 1; n < 5000; n++) {
      const [mac, address] = [macFromNumber(0x0200_0001_0000 + n), ipv4FromNumber(0x0a00_0000 + 256 + n)];
      const arp = {
        operation: 'request',
        senderMac: mac,
        senderAddress: address,
        targetMac: macFromNumber(0),
        targetAddress: addressOf(1),
      } as const;
      host.receive(encodeEthernet({ destination: broadcastMac, source: mac, etherType: etherTypes.arp, payload: encodeArp(arp) }));
    }
    expect(host.arp.entries).toHaveLength(1024);
    for (let n = 1; n < 5000; n++) host.udp(undefined, () => undefined)[Symbol.dispose]();
    const socket = host.udp(undefined, () => undefined);
    for (let n = 0; n < 5000; n++) socket.send(addressOf(10 + (n % 200)), 7, new Uint8Array(8));
    // 64 neighbours are asked for at once.
    expect(wire.clock.timers).toBeLessThanOrEqual(timers + 64);
    wire.clock.advanceSeconds(4);
    expect(wire.clock.timers).toBeLessThanOrEqual(timers);
  });
});

function packetFrame(protocol: number, payload: Uint8Array): Uint8Array {
  const packet = encodeIpv4({ source: addressOf(9), destination: addressOf(1), protocol, payload });
  return encodeEthernet({ destination: macOf(1), source: stranger, etherType: etherTypes.ipv4, payload: packet });
}
