import { describe, expect, it } from 'vitest';
import type { Datagram } from '../../src/host/udp-sockets.ts';
import { decodeArp, encodeArp, type Arp } from '../../src/wire/arp.ts';
import { addTag } from '../../src/wire/dot1q.ts';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { decodeIcmpEcho, encodeIcmpEcho, type IcmpEcho } from '../../src/wire/icmp.ts';
import { broadcastOf, decodeIpv4, encodeIpv4, ipProtocols, ipv4FromNumber, parseIpv4, type Ipv4Address } from '../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { encodeUdp } from '../../src/wire/udp.ts';
import { addressOf, macOf, network, networkOf, Wire } from './host-wire.ts';

const limitedBroadcast = ipv4FromNumber(0xffff_ffff);
const text = (octets: Uint8Array): string => new TextDecoder().decode(octets);
const octets = (what: string): Uint8Array => new TextEncoder().encode(what);

describe('two hosts on a wire', () => {
  it('ping each other: the first ping takes the question for the address along', () => {
    using wire = new Wire();
    const [a, b] = [wire.host(1), wire.host(2)];
    // Both have announced themselves.
    wire.clock.advance(10);
    const results: (number | undefined)[] = [];
    a.ping(addressOf(2), (milliseconds) => results.push(milliseconds));
    wire.clock.advance(100);
    a.ping(addressOf(2), (milliseconds) => results.push(milliseconds), { payload: new Uint8Array(1400) });
    wire.clock.advance(100);
    expect(results).toEqual([4, 2]);
    expect(a.arp.entries).toMatchObject([{ address: addressOf(2), mac: macOf(2) }]);
    expect(b.arp.entries).toMatchObject([{ address: addressOf(1), mac: macOf(1) }]);
  });

  it('are told of a ping that nobody answers, once, after its time', () => {
    using wire = new Wire();
    const a = wire.host(1);
    const results: unknown[] = [];
    a.ping(addressOf(9), (milliseconds) => results.push([wire.clock.monotonic() - 1_000_000, milliseconds]), { timeout: 300 });
    a.ping(addressOf(9), () => results.push('told'))[Symbol.dispose]();
    wire.clock.advanceSeconds(10);
    expect(results).toEqual([[300, undefined]]);
    expect(wire.clock.timers).toBe(0);
  });

  it('send datagrams to each other, to all of the network, and to all of the link', () => {
    using wire = new Wire();
    const [a, b] = [wire.host(1), wire.host(2)];
    const heard: unknown[] = [];
    b.udp(7, ({ source, sourcePort, destination, via, payload }) => heard.push([source, sourcePort, destination, via, text(payload)]));
    using client = a.udp(undefined, () => undefined);
    for (const to of [addressOf(2), broadcastOf(network), limitedBroadcast]) client.send(to, 7, octets('hello'));
    wire.clock.advance(100);
    const from = (to: Ipv4Address): unknown[] => [addressOf(1), client.port, to, macOf(1), 'hello'];
    expect(heard).toHaveLength(3);
    expect(heard).toEqual(expect.arrayContaining([from(broadcastOf(network)), from(limitedBroadcast), from(addressOf(2))]));
    expect(client.port).toBeGreaterThanOrEqual(49_152);
  });

  it('answer each other by the port that a datagram came from', () => {
    using wire = new Wire();
    const [a, b] = [wire.host(1), wire.host(2)];
    const answers: string[] = [];
    using server = b.udp(7, ({ source, sourcePort, payload }) => server.send(source, sourcePort, octets(`${text(payload)}!`)));
    using client = a.udp(undefined, ({ payload }) => answers.push(text(payload)));
    client.send(addressOf(2), 7, octets('hello'));
    wire.clock.advance(100);
    expect(answers).toEqual(['hello!']);
  });
});

describe("a host's UDP ports", () => {
  it('are open once, and again after they were closed; a closed one sends nothing', () => {
    using wire = new Wire();
    const a = wire.host(1);
    const receive = (): void => undefined;
    const first = a.udp(7, receive);
    expect(() => a.udp(7, receive)).toThrow(expect.objectContaining({ code: 'busy' }));
    first[Symbol.dispose]();
    using second = a.udp(7, receive);
    first[Symbol.dispose]();
    wire.clock.advance(10);
    const before = wire.frames.length;
    first.send(limitedBroadcast, 7, octets('x'));
    expect(wire.frames).toHaveLength(before);
    second.send(limitedBroadcast, 7, octets('x'));
    expect(wire.frames).toHaveLength(before + 1);
  });

  it('are numbers from 1 to 65535, and those that are named by nobody are free', () => {
    using wire = new Wire();
    const a = wire.host(1);
    for (const port of [0, -1, 1.5, 65_536, NaN]) {
      expect(() => a.udp(port, () => undefined)).toThrow(expect.objectContaining({ code: 'bad-address' }));
    }
    const ports = Array.from({ length: 16_384 }, () => a.udp(undefined, () => undefined).port);
    expect(new Set(ports).size).toBe(16_384);
    expect(() => a.udp(undefined, () => undefined)).toThrow(expect.objectContaining({ code: 'busy' }));
  });

  it('send what fits in a packet', () => {
    using wire = new Wire();
    using socket = wire.host(1).udp(7, () => undefined);
    socket.send(limitedBroadcast, 7, new Uint8Array(1472));
    socket.send(limitedBroadcast, 7, new Uint8Array(65_507));
    expect(() => socket.send(limitedBroadcast, 7, new Uint8Array(65_508))).toThrow(
      'cannot send 65508 octets in one UDP datagram: a packet holds at most 65507; send less at a time',
    );
  });

  it('hear nothing that is damaged, in fragments, or for others', () => {
    using wire = new Wire();
    const a = wire.host(1);
    const heard: Datagram[] = [];
    a.udp(7, (datagram) => heard.push(datagram));
    const whole = datagramFrame(addressOf(1));
    const damages = Array.from({ length: whole.length - 14 }, (_, i) =>
      Uint8Array.from(whole, (octet, at) => (at === 14 + i ? octet ^ 4 : octet)),
    );
    for (const damaged of damages) a.receive(damaged);
    a.receive(datagramFrame(addressOf(1), { moreFragments: true }));
    a.receive(datagramFrame(addressOf(1), { fragmentOffset: 1 }));
    a.receive(datagramFrame(addressOf(3)));
    for (const source of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', '10.0.0.255']) {
      a.receive(datagramFrame(addressOf(1), { source: parseIpv4(source) ?? addressOf(2) }));
    }
    // For one host, but brought to all. [RFC 1122, 3.3.6]
    a.receive(Uint8Array.from(whole, (octet, at) => (at < 6 ? 0xff : octet)));
    expect(heard).toEqual([]);
    a.receive(whole);
    expect(heard).toHaveLength(1);
  });
});

describe('a host', () => {
  it('sends what is for other networks by its router, and nothing without one', () => {
    using wire = new Wire();
    const a = wire.host(1, { ipv4: { address: addressOf(1), network, router: addressOf(254) } });
    const b = wire.host(2);
    wire.clock.advance(10);
    wire.frames.length = 0;
    for (const host of [a, b]) host.ping(ipv4FromNumber(0x0808_0808), () => undefined);
    for (const to of ['127.0.0.1', '224.0.0.1', '0.0.0.0']) a.ping(parseIpv4(to) ?? addressOf(1), () => undefined);
    expect(arps(wire)).toMatchObject([{ operation: 'request', targetAddress: addressOf(254), targetMac: 0 }]);
    expect(wire.frames).toHaveLength(1);
  });

  it('pings itself without a word on the wire', () => {
    using wire = new Wire();
    const a = wire.host(1);
    wire.clock.advance(10);
    const before = wire.frames.length;
    const results: unknown[] = [];
    a.ping(addressOf(1), (milliseconds) => results.push(milliseconds));
    wire.clock.advance(10);
    expect(results).toEqual([0]);
    expect(wire.frames).toHaveLength(before);
  });

  it('answers no ping that is for all', () => {
    using wire = new Wire();
    const [a] = [wire.host(1), wire.host(2)];
    const results: unknown[] = [];
    a.ping(limitedBroadcast, (milliseconds) => results.push(milliseconds));
    a.ping(broadcastOf(network), (milliseconds) => results.push(milliseconds));
    wire.clock.advanceSeconds(2);
    expect(results).toEqual([undefined, undefined]);
  });

  it('has no more than 1,024 pings under way', () => {
    using wire = new Wire();
    const a = wire.host(1);
    for (let n = 0; n < 1024; n++) a.ping(addressOf(9), () => undefined);
    expect(() => a.ping(addressOf(9), () => undefined)).toThrow(expect.objectContaining({ code: 'busy' }));
    wire.clock.advanceSeconds(1);
    a.ping(addressOf(9), () => undefined);
  });

  it('takes the last address of a network for its broadcast, but not on a link of two', () => {
    using wire = new Wire();
    const link = networkOf('10.0.0.0/31');
    const [a] = [
      wire.host(1, { ipv4: { address: addressOf(1), network: link } }),
      wire.host(2, { ipv4: { address: addressOf(0), network: link } }),
    ];
    wire.clock.advance(10);
    const results: unknown[] = [];
    a.ping(addressOf(0), (milliseconds) => results.push(milliseconds));
    wire.clock.advance(100);
    expect(results).toEqual([4]);
  });

  it('hears nothing that claims to come from a group, or is for another station or group', () => {
    using wire = new Wire();
    const a = wire.host(1);
    wire.clock.advance(10);
    const before = wire.frames.length;
    const ask = arpFrame({ targetAddress: addressOf(1) });
    const groupSource = Uint8Array.from(ask, (octet, at) => (at === 6 ? octet | 1 : octet));
    const group = Uint8Array.from(ask, (octet, at) => (at < 6 ? 0x01 : octet));
    const other = Uint8Array.from(ask, (octet, at) => (at < 6 ? 0x02 : octet));
    for (const frame of [groupSource, group, other]) a.receive(frame);
    expect(wire.frames).toHaveLength(before);
    a.receive(ask);
    expect(wire.frames).toHaveLength(before + 1);
  });

  it('takes a frame with a priority tag for one without, and hears none of a VLAN', () => {
    using wire = new Wire();
    const a = wire.host(1);
    wire.clock.advance(10);
    const before = wire.frames.length;
    const ask = arpFrame({ targetAddress: addressOf(1) });
    for (const frame of [addTag(ask, 0xa005), addTag(addTag(ask, 0xa005), 0), addTag(ask, 0).subarray(0, 16)]) a.receive(frame);
    expect(wire.frames).toHaveLength(before);
    a.receive(addTag(ask, 0xa000));
    expect(wire.frames).toHaveLength(before + 1);
  });

  it('learns from ARP for Ethernet and IPv4 only', () => {
    using wire = new Wire();
    const a = wire.host(1);
    a.receive(arpFrame({ operation: 'reply', targetAddress: addressOf(1) }));
    const foreign = arpFrame({ senderMac: macOf(3), targetAddress: addressOf(9) });
    foreign[15] = 6;
    a.receive(foreign);
    expect(a.arp.macOf(addressOf(2))).toBe(macOf(2));
    a.receive(arpFrame({ senderMac: macOf(3), targetAddress: addressOf(9) }));
    expect(a.arp.macOf(addressOf(2))).toBe(macOf(3));
  });

  it('is told nothing any more of what it sent itself, once it is disposed', () => {
    using wire = new Wire();
    const a = wire.host(1);
    const socket = a.udp(7, () => expect.fail('it is told'));
    socket.send(addressOf(1), 7, octets('x'));
    a[Symbol.dispose]();
    wire.clock.advance(10);
    const b = wire.host(2);
    b[Symbol.dispose]();
    expect(wire.clock.timers).toBe(0);
  });

  it('says nothing before its constructor has returned, and waits for nothing when it is disposed', () => {
    using wire = new Wire();
    const a = wire.host(1, { send: () => expect.fail('it speaks'), dhcp: true, ipv4: { address: addressOf(1), network } });
    a.ping(addressOf(1), () => expect.fail('it is told'));
    a.udp(7, () => undefined);
    a[Symbol.dispose]();
    wire.clock.advanceSeconds(100);
    expect(wire.clock.timers).toBe(0);
    a.startDhcp();
    a.announce();
    a.carrier(false);
    a.carrier(true);
    expect(wire.clock.timers).toBe(0);
  });
});

describe('a ping', () => {
  it('is answered by an echo reply of the one that was asked, with the number that it was given', () => {
    using wire = new Wire();
    const a = wire.host(1);
    const results: unknown[] = [];
    a.ping(addressOf(2), (milliseconds) => results.push(milliseconds));
    a.receive(arpFrame({ operation: 'reply', targetAddress: addressOf(1) }));
    const request = decodeIcmpEcho(decodeIpv4(wire.frames.at(-1)?.subarray(14) ?? octets(''))?.payload ?? octets(''));
    if (request === undefined) throw new Error('no request');
    const reply = { ...request, type: 'reply' } as const;
    a.receive(echoFrame({ ...reply, identifier: reply.identifier ^ 1 }));
    a.receive(echoFrame({ ...reply, sequence: reply.sequence ^ 1 }));
    a.receive(echoFrame(reply, addressOf(3)));
    a.receive(echoFrame(request));
    expect(results).toEqual([]);
    a.receive(echoFrame(reply));
    a.receive(echoFrame(reply));
    expect(results).toEqual([0]);
  });
});

describe('a host without a carrier', () => {
  it('knows nobody, and asks for nobody, but itself', () => {
    using wire = new Wire();
    const [a] = [wire.host(1), wire.host(2)];
    wire.clock.advance(10);
    const results: unknown[] = [];
    a.ping(addressOf(2), (milliseconds) => results.push(milliseconds));
    wire.clock.advance(10);
    a.carrier(false);
    const before = wire.frames.length;
    expect(a.arp.entries).toEqual([]);
    a.ping(addressOf(2), (milliseconds) => results.push(milliseconds), { timeout: 500 });
    a.ping(addressOf(1), (milliseconds) => results.push(milliseconds));
    wire.clock.advanceSeconds(5);
    expect([results, wire.frames.length]).toEqual([[4, 0, undefined], before]);
    a.carrier(true);
    a.ping(addressOf(2), (milliseconds) => results.push(milliseconds));
    wire.clock.advance(10);
    expect(results.at(-1)).toBe(4);
  });
});

describe('the address of a host', () => {
  it('is announced when it is set, when the link comes back, and when that is asked for', () => {
    using wire = new Wire();
    const a = wire.host(1);
    wire.clock.advance(10);
    const probe = { operation: 'request', senderAddress: 0, targetAddress: addressOf(1) };
    const announcement = { operation: 'request', senderAddress: addressOf(1), targetAddress: addressOf(1) };
    expect(arps(wire)).toMatchObject([probe, announcement]);
    a.carrier(true);
    a.carrier(false);
    expect(arps(wire)).toHaveLength(2);
    a.carrier(true);
    a.announce();
    expect(arps(wire).slice(2)).toMatchObject([announcement, announcement]);
  });

  it('is told to whoever asks or probes for it', () => {
    using wire = new Wire();
    const a = wire.host(1);
    wire.clock.advance(10);
    wire.frames.length = 0;
    a.receive(arpFrame({ targetAddress: addressOf(1) }));
    a.receive(arpFrame({ targetAddress: addressOf(1), senderAddress: ipv4FromNumber(0) }));
    a.receive(arpFrame({ targetAddress: addressOf(9) }));
    a.receive(arpFrame({ targetAddress: addressOf(1), operation: 'reply' }));
    const reply = { operation: 'reply', senderMac: macOf(1), senderAddress: addressOf(1), targetMac: macOf(2) };
    expect(arps(wire)).toEqual([
      { ...reply, targetAddress: addressOf(2) },
      { ...reply, targetAddress: 0 },
    ]);
  });

  it('that somebody had before is in conflict at once', () => {
    using wire = new Wire();
    const conflicts: unknown[] = [];
    const a = wire.host(1, { onConflict: (mac) => conflicts.push(mac) });
    wire.clock.advance(999);
    a.receive(arpFrame({ operation: 'reply', senderAddress: addressOf(1), targetAddress: ipv4FromNumber(0) }));
    expect(conflicts).toEqual([macOf(2)]);
    const b = wire.host(2, { ipv4: { address: addressOf(1), network }, onConflict: (mac) => conflicts.push(mac) });
    wire.clock.advance(10);
    expect(conflicts.slice(1)).toContain(macOf(1));
    expect([a.address, b.address]).toEqual([addressOf(1), addressOf(1)]);
  });

  it('is not in conflict with what the host hears of itself', () => {
    using wire = new Wire();
    const a = wire.host(1, { onConflict: () => expect.fail('a conflict') });
    wire.clock.advance(10);
    const before = wire.frames.length;
    for (const frame of [...wire.frames]) a.receive(frame);
    expect(wire.frames).toHaveLength(before);
  });

  it('is defended once in ten seconds', () => {
    using wire = new Wire();
    const conflicts: unknown[] = [];
    const a = wire.host(1, { onConflict: (mac) => conflicts.push(mac) });
    wire.clock.advanceSeconds(5);
    wire.frames.length = 0;
    const claim = arpFrame({ senderAddress: addressOf(1), targetAddress: addressOf(1) });
    for (let n = 0; n < 5; n++) a.receive(claim);
    expect(arps(wire)).toMatchObject([{ senderAddress: addressOf(1), targetAddress: addressOf(1), senderMac: macOf(1) }]);
    expect(conflicts).toEqual([macOf(2), macOf(2), macOf(2), macOf(2)]);
    wire.clock.advanceSeconds(10);
    a.receive(claim);
    expect(arps(wire)).toHaveLength(2);
    expect(conflicts).toHaveLength(4);
  });
});

function arps(wire: Wire): (Arp | undefined)[] {
  const ethernets = wire.frames.map((frame) => decodeEthernet(frame));
  return ethernets.filter((frame) => frame?.etherType === etherTypes.arp).map((frame) => decodeArp(frame?.payload ?? octets('')));
}

function arpFrame(arp: Partial<Arp>): Uint8Array {
  const whole = { operation: 'request', senderMac: macOf(2), senderAddress: addressOf(2), targetMac: macFromNumber(0), ...arp } as const;
  const payload = encodeArp({ targetAddress: addressOf(1), ...whole });
  return encodeEthernet({ destination: broadcastMac, source: macOf(2), etherType: etherTypes.arp, payload });
}

/** Returns a datagram for port 7 in a frame for host 1. */
function datagramFrame(destination: Ipv4Address, fields: Partial<Parameters<typeof encodeIpv4>[0]> = {}): Uint8Array {
  const source = fields.source ?? addressOf(2);
  const payload = encodeUdp({ sourcePort: 9, destinationPort: 7, payload: octets('hello') }, source, destination);
  const packet = encodeIpv4({ source, destination, protocol: ipProtocols.udp, payload, ...fields });
  return encodeEthernet({ destination: macOf(1), source: macOf(2), etherType: etherTypes.ipv4, payload: packet });
}

/** Returns an echo message for host 1 in a frame. */
function echoFrame(echo: IcmpEcho, source = addressOf(2)): Uint8Array {
  const packet = encodeIpv4({ source, destination: addressOf(1), protocol: ipProtocols.icmp, payload: encodeIcmpEcho(echo) });
  return encodeEthernet({ destination: macOf(1), source: macOf(2), etherType: etherTypes.ipv4, payload: packet });
}
