import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { encodeIcmpv6Error } from '../../src/wire/icmpv6-error.ts';
import { decodeIcmpv6, encodeIcmpv6, icmpv6Protocol, type Icmpv6 } from '../../src/wire/icmpv6.ts';
import { encodeIpv6Fragment, fragmentHeader } from '../../src/wire/ipv6-fragment.ts';
import {
  allNodes,
  decodeIpv6,
  encodeIpv6,
  linkLocalOf,
  multicastMacOf,
  solicitedNodeOf,
  unspecifiedIpv6,
  type Ipv6Address,
} from '../../src/wire/ipv6.ts';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { macFromNumber, type MacAddress } from '../../src/wire/mac.ts';
import { encodeUdpOverIpv6 } from '../../src/wire/udp.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { macOf, Wire } from './host-wire.ts';

const stranger = macOf(9);
const [first, second] = [linkLocalOf(macOf(1)), linkLocalOf(macOf(2))];

/** Hosts with IPv6, once they have their addresses. */
function hosts(wire: Wire, ...numbers: readonly number[]): Host[] {
  const all = numbers.map((n) => wire.host(n, { ipv6: true }));
  wire.clock.advanceSeconds(1.1);
  wire.frames.length = 0;
  return all;
}

describe('an IPv6 host', () => {
  it('has its address a second after it has asked whether somebody else has it, and says so', () => {
    using wire = new Wire();
    const a = wire.host(1, { ipv6: true });
    wire.clock.advance(999);
    expect(a.linkLocal).toBeUndefined();
    wire.clock.advance(1);
    expect(a.linkLocal).toBe(first);
    const probe = { type: 'neighbour-solicitation', target: first, mac: undefined };
    const announcement = { type: 'neighbour-advertisement', target: first, mac: macOf(1), solicited: false, override: true };
    expect(messages(wire)).toMatchObject([
      { ...probe, source: unspecifiedIpv6, destination: solicitedNodeOf(first), hopLimit: 255 },
      { ...announcement, source: first, destination: allNodes },
    ]);
  });

  it('has no address that somebody has, and leaves it to who had it first', () => {
    using wire = new Wire();
    const [a] = hosts(wire, 1);
    const conflicts: MacAddress[] = [];
    // Two hosts with the same MAC address cannot be told apart: one that claims the address of another.
    const b = wire.host(1, { ipv6: true, send: () => undefined, onConflict: (mac) => conflicts.push(mac) });
    wire.clock.advance(10);
    b.receive(frameOf(stranger, multicastMacOf(allNodes), advertisement(first), linkLocalOf(stranger), allNodes));
    wire.clock.advanceSeconds(10);
    expect([a?.linkLocal, b.linkLocal, conflicts]).toEqual([first, undefined, [stranger]]);
  });

  it('gets no address that another wants at the same time', () => {
    using wire = new Wire();
    const a = wire.host(1, { ipv6: true });
    wire.clock.advance(500);
    a.receive(
      frameOf(stranger, multicastMacOf(solicitedNodeOf(first)), solicitation(first, undefined), unspecifiedIpv6, solicitedNodeOf(first)),
    );
    wire.clock.advanceSeconds(10);
    expect([a.linkLocal, wire.clock.timers]).toEqual([undefined, 0]);
  });

  it('tells whoever probes for its address that it is taken', () => {
    using wire = new Wire();
    const [a] = hosts(wire, 1);
    const group = solicitedNodeOf(first);
    a?.receive(frameOf(stranger, multicastMacOf(group), solicitation(first, undefined), unspecifiedIpv6, group));
    expect(messages(wire)).toMatchObject([{ type: 'neighbour-advertisement', target: first, destination: allNodes, solicited: false }]);
  });

  it('pings another, and both know each other from then on', () => {
    using wire = new Wire();
    const [a, b] = hosts(wire, 1, 2);
    const results: unknown[] = [];
    a?.ping(second, (milliseconds) => results.push(milliseconds));
    wire.clock.advance(100);
    a?.ping(second, (milliseconds) => results.push(milliseconds));
    a?.ping(first, (milliseconds) => results.push(milliseconds));
    a?.ping(linkLocalOf(stranger), (milliseconds) => results.push(milliseconds));
    wire.clock.advanceSeconds(2);
    expect(results).toEqual([4, 0, 2, undefined]);
    expect(a?.neighbours6?.entries[0]).toMatchObject({ address: second, mac: macOf(2), state: 'REACHABLE' });
    expect(b?.neighbours6?.entries).toMatchObject([{ address: first, mac: macOf(1), state: 'STALE' }]);
    wire.clock.advanceSeconds(100);
    expect(wire.clock.timers).toBe(0);
  });

  it('answers a ping of all hosts from its own address', () => {
    using wire = new Wire();
    const [a] = hosts(wire, 1);
    const echo = { type: 'echo-request', identifier: 1, sequence: 2, payload: Uint8Array.of(3) } as const;
    a?.receive(frameOf(stranger, multicastMacOf(allNodes), echo, linkLocalOf(stranger), allNodes));
    expect(messages(wire)).toMatchObject([{ ...echo, type: 'echo-reply', source: first, destination: linkLocalOf(stranger) }]);
  });

  it('takes no message of neighbours that has crossed a router', () => {
    using wire = new Wire();
    const [a] = hosts(wire, 1);
    a?.receive(frameOf(stranger, macOf(1), solicitation(first, stranger), linkLocalOf(stranger), first, 254));
    expect([wire.frames, a?.neighbours6?.entries]).toEqual([[], []]);
    a?.receive(frameOf(stranger, macOf(1), solicitation(first, stranger), linkLocalOf(stranger), first));
    expect(messages(wire)).toMatchObject([{ type: 'neighbour-advertisement', solicited: true, destination: linkLocalOf(stranger) }]);
  });

  it('has none unless it is told to', () => {
    using wire = new Wire();
    const a = wire.host(1);
    wire.clock.advanceSeconds(2);
    expect([a.linkLocal, a.neighbours6]).toEqual([undefined, undefined]);
    expect(messages(wire)).toEqual([]);
    a.ping(second, () => undefined)[Symbol.dispose]();
    expect(messages(wire)).toEqual([]);
  });

  it('lives on whatever frames, answers each with one at most, and grows with none', () => {
    using wire = new Wire();
    const sent: Uint8Array[] = [];
    const host = wire.host(1, { ipv6: true, send: (frame) => sent.push(frame) });
    wire.clock.advanceSeconds(2);
    const from = linkLocalOf(stranger);
    const group = solicitedNodeOf(first);
    const valid = [
      frameOf(stranger, multicastMacOf(group), solicitation(first, stranger), from, group),
      frameOf(stranger, macOf(1), advertisement(from), from, first),
      frameOf(stranger, macOf(1), { type: 'echo-request', identifier: 1, sequence: 1, payload: new Uint8Array(8) }, from, first),
      packetFrame(17, encodeUdpOverIpv6({ sourcePort: 1, destinationPort: 7, payload: new Uint8Array(8) }, from, first)),
      packetFrame(
        fragmentHeader,
        encodeIpv6Fragment({ nextHeader: 17, offset: 0, more: true, identification: 1, payload: new Uint8Array(8) }),
      ),
      packetFrame(icmpv6Protocol, encodeIcmpv6Error({ type: 'too-big', code: 0, mtu: 1300 }, new Uint8Array(60).fill(0x60), from, first)),
    ];
    const change = fc.tuple(fc.nat(95), fc.nat(255));
    const properties = [
      fc.constantFrom(...valid),
      fc.array(change, { maxLength: 5 }),
      fc.nat(100),
      fc.uint8Array({ maxLength: 9 }),
    ] as const;
    fc.assert(
      fc.property(...properties, (frame, changes, cut, tail) => {
        const changed = concatOctets(frame.subarray(0, cut), tail);
        for (const [at, octet] of changes) if (at < changed.length) changed[at] = octet;
        sent.length = 0;
        host.receive(changed);
        expect(sent.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
    for (let n = 0; n < 3000; n++) {
      const mac = macFromNumber(0x0200_0001_0000 + n);
      host.receive(frameOf(mac, macOf(1), solicitation(first, mac), linkLocalOf(mac), first));
    }
    expect([host.neighbours6?.size, wire.clock.timers]).toEqual([1024, 0]);
    host[Symbol.dispose]();
    expect(host.neighbours6?.size).toBe(0);
  });
});

function solicitation(target: Ipv6Address, mac: MacAddress | undefined): Icmpv6 {
  return { type: 'neighbour-solicitation', target, mac };
}

function advertisement(target: Ipv6Address): Icmpv6 {
  return { type: 'neighbour-advertisement', target, mac: stranger, router: false, solicited: false, override: true };
}

function frameOf(
  from: MacAddress,
  to: MacAddress,
  message: Icmpv6,
  source: Ipv6Address,
  destination: Ipv6Address,
  hopLimit = 255,
): Uint8Array {
  const payload = encodeIcmpv6(message, source, destination);
  const packet = encodeIpv6({ source, destination, nextHeader: icmpv6Protocol, hopLimit, payload });
  return encodeEthernet({ destination: to, source: from, etherType: etherTypes.ipv6, payload: packet });
}

/** Returns a frame of a stranger for host 1. */
function packetFrame(nextHeader: number, payload: Uint8Array): Uint8Array {
  const packet = encodeIpv6({ source: linkLocalOf(stranger), destination: first, nextHeader, hopLimit: 64, payload });
  return encodeEthernet({ destination: macOf(1), source: stranger, etherType: etherTypes.ipv6, payload: packet });
}

/** Returns all ICMPv6 messages on the wire, with the packets' fields. */
function messages(wire: Wire): unknown[] {
  return wire.frames.flatMap((frame) => {
    const ethernet = decodeEthernet(frame);
    const packet = ethernet?.etherType === etherTypes.ipv6 ? decodeIpv6(ethernet.payload) : undefined;
    return packet ? [{ ...packet, ...decodeIcmpv6(packet.payload, packet.source, packet.destination) }] : [];
  });
}
