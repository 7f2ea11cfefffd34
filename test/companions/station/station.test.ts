import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeArp, encodeArp } from '../../../src/wire/arp.ts';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../../src/wire/ethernet.ts';
import { encodeIcmpEcho } from '../../../src/wire/icmp.ts';
import { decodeIpv4, encodeIpv4, formatIpv4, ipProtocols, ipv4FromNumber, type Ipv4Address } from '../../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber } from '../../../src/wire/mac.ts';
import { Network, type Told } from './station-network.ts';

const stranger = { mac: macFromNumber(0x0200_0000_2000), address: ipv4FromNumber(0x0a4d_00c8) };

describe('a station', () => {
  it('gets a lease, and pings the peers that it was given once a second', () => {
    using network = new Network();
    const a = network.station(1);
    network.clock.advanceSeconds(1);
    const b = network.station(2, { peers: [addressOf(a)] });
    network.clock.advanceSeconds(3.5);
    expect([a.leases, b.leases]).toEqual([[formatIpv4(addressOf(a))], [formatIpv4(addressOf(b))]]);
    expect(addressOf(a)).not.toBe(addressOf(b));
    // Asking who has the address takes as long as the ping itself; then it is known.
    expect(b.pings).toEqual([[addressOf(a), 4], ...Array.from({ length: 3 }, () => [addressOf(a), 2])]);
  });

  it('tells of each ping that is not answered within a second, and of the answers when the peer is back', () => {
    using network = new Network();
    const a = network.station(1);
    network.clock.advanceSeconds(1);
    const b = network.station(2, { peers: [addressOf(a)] });
    network.clock.advanceSeconds(1.5);
    network.unplug(a.station);
    network.clock.advanceSeconds(2);
    network.plug(a.station, (frame) => a.station.receive(frame));
    network.clock.advanceSeconds(1);
    expect(b.pings.map(([, milliseconds]) => milliseconds)).toEqual([4, 2, undefined, undefined, 2]);
  });

  it('answers who asks for its address, and nobody who asks for another', () => {
    using network = new Network();
    const a = network.station(1);
    network.clock.advanceSeconds(1);
    a.sent.length = 0;
    a.station.receive(arpRequest(stranger.address));
    a.station.receive(arpRequest(addressOf(a)));
    expect(a.sent.map((frame) => decodeArp(decodeEthernet(frame)?.payload ?? new Uint8Array()))).toEqual([
      {
        operation: 'reply',
        senderMac: macFromNumber(0x0200_0000_1001),
        senderAddress: addressOf(a),
        targetMac: stranger.mac,
        targetAddress: stranger.address,
      },
    ]);
  });

  it('answers a ping, whatever it holds, to where it came from', () => {
    using network = new Network();
    const a = network.station(1);
    network.clock.advanceSeconds(1);
    a.sent.length = 0;
    const echo = { type: 'request', identifier: 7, sequence: 9, payload: Uint8Array.from({ length: 1400 }, (_, n) => n) } as const;
    a.station.receive(echoRequest(a, echo));
    const answer = decodeEthernet(a.sent[0] ?? new Uint8Array());
    const packet = decodeIpv4(answer?.payload ?? new Uint8Array());
    expect([a.sent.length, answer?.destination, packet?.destination]).toEqual([1, stranger.mac, stranger.address]);
    expect(packet?.payload).toEqual(encodeIcmpEcho({ ...echo, type: 'reply' }));
  });

  it('says nothing to a ping before it has an address, or for another one, or in fragments', () => {
    using network = new Network();
    const a = network.station(1);
    const echo = { type: 'request', identifier: 7, sequence: 9, payload: new Uint8Array(8) } as const;
    const request = echoRequest({ address: addressOfFirst(), mac: macFromNumber(0x0200_0000_1001) }, echo);
    a.station.receive(request);
    expect(a.sent).toEqual([]);
    network.clock.advanceSeconds(1);
    a.sent.length = 0;
    a.station.receive(echoRequest({ address: stranger.address, mac: macFromNumber(0x0200_0000_1001) }, echo));
    const fragment = request.slice();
    fragment[20] = 0x20; // more fragments; the header's checksum is mended
    fragment[24] = (fragment[24] ?? 0) - 0x20;
    a.station.receive(fragment);
    expect(a.sent).toEqual([]);
    a.station.receive(request);
    expect(a.sent).toHaveLength(1);
  });

  it('announces its address when it gets it, and when it is told to', () => {
    using network = new Network();
    const a = network.station(1);
    a.station.announce();
    network.clock.advanceSeconds(1);
    a.station.announce();
    const arps = a.sent.map((frame) => decodeArp(decodeEthernet(frame)?.payload ?? new Uint8Array()));
    const announced = arps.filter((arp) => arp !== undefined && arp.senderAddress !== 0);
    expect(announced).toHaveLength(2);
    for (const arp of announced) expect([arp?.senderAddress, arp?.targetAddress]).toEqual([addressOf(a), addressOf(a)]);
  });

  it('goes on with its lease, and renews it with its server alone', () => {
    using network = new Network();
    const a = network.station(1);
    network.clock.advanceSeconds(10);
    a.sent.length = 0;
    network.clock.advanceSeconds(4000);
    expect(new Set(a.leases)).toEqual(new Set([formatIpv4(addressOf(a))]));
    expect(a.leases.length).toBeGreaterThan(1);
    const renewals = a.sent.map((frame) => decodeEthernet(frame)).filter((ethernet) => ethernet?.etherType === etherTypes.ipv4);
    expect(new Set(renewals.map((ethernet) => ethernet?.destination))).toEqual(new Set([macFromNumber(0x0200_0000_0001)]));
  });

  it('is silent when it was disposed, and waits for nothing', () => {
    using network = new Network();
    const peer = network.station(2);
    network.clock.advanceSeconds(1);
    const before = network.clock.timers;
    const a = network.station(1, { peers: [addressOf(peer), stranger.address] });
    network.clock.advanceSeconds(1.2);
    a.station[Symbol.dispose]();
    network.unplug(a.station);
    a.sent.length = 0;
    network.clock.advanceSeconds(10);
    expect(a.sent).toEqual([]);
    expect(network.clock.timers).toBe(before);
  });

  it('lives on whatever octets', () => {
    using network = new Network();
    const a = network.station(1);
    network.clock.advanceSeconds(1);
    const own = encodeEthernet({ ...toAll, etherType: etherTypes.ipv4, payload: new Uint8Array(0) });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(0x0800, 0x0806), (octets, etherType) => {
        a.station.receive(octets);
        a.station.receive(encodeEthernet({ ...toAll, etherType, payload: octets }));
        a.station.receive(own);
      }),
    );
  });
});

const toAll = { destination: broadcastMac, source: stranger.mac };

function addressOf({ station }: Told): Ipv4Address {
  const { lease } = station;
  if (lease === undefined) throw new Error('no lease');
  return lease.address;
}

/** Returns the address that a first station gets, on any such network. */
function addressOfFirst(): Ipv4Address {
  using network = new Network();
  const first = network.station(1);
  network.clock.advanceSeconds(1);
  return addressOf(first);
}

function arpRequest(targetAddress: Ipv4Address): Uint8Array {
  const { mac: senderMac, address: senderAddress } = stranger;
  const payload = encodeArp({ operation: 'request', senderMac, senderAddress, targetMac: macFromNumber(0), targetAddress });
  return encodeEthernet({ ...toAll, etherType: etherTypes.arp, payload });
}

function echoRequest(
  to: Told | { readonly address: Ipv4Address; readonly mac: ReturnType<typeof macFromNumber> },
  echo: Parameters<typeof encodeIcmpEcho>[0],
): Uint8Array {
  const [address, mac] = 'station' in to ? [addressOf(to), macFromNumber(0x0200_0000_1001)] : [to.address, to.mac];
  const packet = { source: stranger.address, destination: address, protocol: ipProtocols.icmp, payload: encodeIcmpEcho(echo) };
  return encodeEthernet({ destination: mac, source: stranger.mac, etherType: etherTypes.ipv4, payload: encodeIpv4(packet) });
}
