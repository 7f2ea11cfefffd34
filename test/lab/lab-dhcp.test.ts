import { describe, expect, it, test } from 'vitest';
import { decodeAddresses, decodeText, decodeUint16 } from '../../src/dhcp/options.ts';
import type { LabDhcp, LabDhcpOptions } from '../../src/lab/lab-dhcp.ts';
import type { LabStation } from '../../src/lab/lab-station.ts';
import { lab, play, recording, type Network } from '../../src/lab/lab.ts';
import { pseudoHeaderSum } from '../../src/wire/checksum.ts';
import { messageTypes, optionCodes } from '../../src/wire/dhcp.ts';
import { encodeEthernet } from '../../src/wire/ethernet.ts';
import { formatIpv4, type Ipv4Address } from '../../src/wire/ipv4.ts';
import { broadcastMac } from '../../src/wire/mac.ts';
import { writeUint16 } from '../../src/wire/octets.ts';
import {
  answersIn,
  arpFrame,
  clientFrame,
  everybody,
  identifier,
  message,
  none,
  requested,
  serverAddress,
  toServer,
  type Answer,
} from '../dhcp/segment.ts';

/** Sends a frame by a station, and returns what the server says to that. */
async function ask(net: Network, station: LabStation, frame: Uint8Array): Promise<Answer | undefined> {
  const before = station.heard;
  station.send(frame);
  await net.run({ milliseconds: 100 });
  const heard = station.received.slice(before - station.heard);
  return answersIn(heard.map((one) => one.frame)).find(({ ports }) => ports[0] === 67);
}

/** Returns the DISCOVER of one of the systems of a station, or of the station itself. */
function discover({ mac }: LabStation, system?: number): Uint8Array {
  return clientFrame(message('discover', { mac, ...(system !== undefined && { with: identifier(255, system) }) }));
}

function request({ mac }: LabStation, address: Ipv4Address): Uint8Array {
  return clientFrame(message('request', { mac, with: { ...requested(address), ...toServer() } }));
}

function release({ mac }: LabStation, address: Ipv4Address): Uint8Array {
  return clientFrame(message('release', { mac, ciaddr: address, with: toServer() }));
}

function decline({ mac }: LabStation, address: Ipv4Address): Uint8Array {
  return clientFrame(message('decline', { mac, with: { ...requested(address), ...toServer() } }));
}

/** Returns a message as BOOTP has it: without a type. */
function bootp({ mac }: LabStation): Uint8Array {
  const { options, ...rest } = message('discover', { mac });
  return clientFrame({ ...rest, options: new Map([...options].filter(([code]) => code !== optionCodes.messageType)) });
}

/** Returns a DISCOVER of which the card should have finished the checksum. */
function unfinished(station: LabStation): Uint8Array {
  const frame = discover(station);
  const sum = pseudoHeaderSum(none, everybody, 17, frame.length - 34);
  writeUint16(frame, 40, (sum & 0xffff) + (sum >>> 16));
  return frame;
}

/** DISCOVER and REQUEST; returns the address. */
async function lease(net: Network, station: LabStation): Promise<Ipv4Address> {
  const address = (await ask(net, station, discover(station)))?.message.yiaddr ?? none;
  expect((await ask(net, station, request(station, address)))?.type).toBe(messageTypes.ack);
  return address;
}

function statesOf(dhcp: LabDhcp): readonly string[] {
  return dhcp.leases.map(({ state }) => state);
}

function refusalsOf(dhcp: LabDhcp): readonly string[] {
  return dhcp.events.flatMap((event) => (event.type === 'dropped' ? [event.reason] : []));
}

describe('the options of a DHCP server of the lab', () => {
  it('are told to its clients', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    net.dhcp(s1, {
      network: '192.168.7.0/24',
      address: '192.168.7.1',
      range: '192.168.7.50-192.168.7.59',
      router: '192.168.7.254',
      dns: ['192.168.7.53', '9.9.9.9'],
      domain: 'lab.example',
      mtu: 1400,
      leaseTime: 4,
    });
    const a = net.host('a', s1, { dhcp: true });
    await net.runUntil(() => a.lease !== undefined);
    const addresses = (code: number): readonly string[] | undefined => decodeAddresses(a.lease?.options.get(code))?.map(formatIpv4);
    expect(a.lease?.leaseTime).toBe(4);
    expect(addresses(optionCodes.router)).toEqual(['192.168.7.254']);
    expect(addresses(optionCodes.domainNameServer)).toEqual(['192.168.7.53', '9.9.9.9']);
    expect(decodeText(a.lease?.options.get(optionCodes.domainName))).toBe('lab.example');
    expect(decodeUint16(a.lease?.options.get(optionCodes.interfaceMtu))).toBe(1400);
  });

  const served: readonly (readonly [LabDhcpOptions, (station: LabStation) => Uint8Array])[] = [
    [{ bootp: true }, bootp],
    [{ laxChecksum: true }, unfinished],
  ];
  test.each(served)('let it serve what it does not serve otherwise: %j', async (options, frame) => {
    using net = lab();
    const [plain, changed] = [net.switch('plain'), net.switch('changed')];
    net.dhcp(plain);
    net.dhcp(changed, options);
    const [a, b] = [net.station('a', plain), net.station('b', changed)];
    expect(await ask(net, a, frame(a))).toBeUndefined();
    expect((await ask(net, b, frame(b)))?.message.yiaddr).toBeGreaterThan(0);
  });

  it('bound what one port gets, and share a lease among the systems of one MAC address', async () => {
    using net = lab();
    const [s1, s2] = [net.switch('s1'), net.switch('s2')];
    net.link(s1, s2);
    const dhcp = net.dhcp(s1, { maxPortLeases: 2, leasePerMac: true });
    const [a, b, c] = [net.station('a', s2), net.station('b', s2), net.station('c', s2)];
    for (const station of [a, b]) await lease(net, station);
    expect(await ask(net, c, discover(c))).toBeUndefined();
    expect(refusalsOf(dhcp)).toEqual(['port-full']);
    for (const system of [1, 2]) expect(await ask(net, a, discover(a, system))).toBeDefined();
    expect(statesOf(dhcp)).toEqual(['bound', 'bound']);
  });

  it('are checked by the server, and are in a record', async () => {
    using net = lab({ record: true });
    const s1 = net.switch('s1');
    const wrong: readonly LabDhcpOptions[] = [
      { leaseTime: 3 },
      { leaseTime: 60, maxLeaseTime: 59 },
      { maxPortLeases: 0 },
      { orphanTime: 0.5 },
      { declineTime: Infinity },
      { mtu: 67 },
      { domain: 'a..b' },
      { dns: ['9.9.9'] },
      { reserve: ['02:00:00:00:00:01=11.0.0.1'] },
    ];
    for (const options of wrong) expect(() => net.dhcp(s1, options), JSON.stringify(options)).toThrow(/; |must be/);
    net.dhcp(s1, { dns: ['9.9.9.9', '10.0.0.53'], domain: 'lab.example', maxPortOffers: 2, bootp: true, authoritative: false });
    net.host('a', s1, { dhcp: true });
    await net.run({ seconds: 5 });
    const text = recording(net);
    expect(text).toContain('dhcp s1 dns 9.9.9.9,10.0.0.53 domain lab.example maxPortOffers 2 bootp no-authoritative\n');
    using again = play(text);
    expect(recording(again)).toBe(text);
  });
});

describe('the port of a client', () => {
  it('is the one that the switch learned: what comes from elsewhere ends no lease', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const dhcp = net.dhcp(s1);
    const [victim, thief] = [net.station('victim', s1), net.station('thief', s1)];
    const address = await lease(net, victim);
    for (const frame of [release(victim, address), decline(victim, address)]) await ask(net, thief, frame);
    expect([statesOf(dhcp), refusalsOf(dhcp)]).toEqual([['bound'], ['wrong-port', 'wrong-port']]);
    // That it rebooted, as its thief says, moves it no more.
    await ask(net, thief, clientFrame(message('request', { mac: victim.mac, with: requested(address) })));
    await ask(net, thief, release(victim, address));
    expect(statesOf(dhcp)).toEqual(['bound']);
    await ask(net, victim, release(victim, address));
    expect(statesOf(dhcp)).toEqual(['idle']);
  });

  it('is known by any frame of the client, also to a server that has just started again', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const dhcp = net.dhcp(s1);
    const [victim, thief] = [net.station('victim', s1), net.station('thief', s1)];
    const address = await lease(net, victim);
    s1.crash()[Symbol.dispose]();
    const payload = Uint8Array.of(1);
    await ask(net, victim, encodeEthernet({ destination: broadcastMac, source: victim.mac, etherType: 0x88b5, payload }));
    await ask(net, thief, clientFrame(message('release', { mac: victim.mac, ciaddr: address, with: toServer() }), { from: thief.mac }));
    expect([statesOf(dhcp), refusalsOf(dhcp)]).toEqual([['bound'], ['wrong-port']]);
  });

  it('changes when it moves behind another switch', async () => {
    using net = lab();
    const [s1, s2, s3] = [net.switch('s1'), net.switch('s2'), net.switch('s3')];
    net.link(s1, s2);
    net.link(s1, s3);
    const dhcp = net.dhcp(s1);
    const a = net.station('a', s2);
    const address = await lease(net, a);
    net.unlink(net.linkNamed('a-s2'));
    net.link(a, s3);
    // So long a switch takes a station to be where it was heard last.
    await net.run({ seconds: 4 });
    a.send(arpFrame({ senderMac: a.mac, senderAddress: address, targetAddress: serverAddress }));
    await ask(net, a, release(a, address));
    expect([statesOf(dhcp), refusalsOf(dhcp)]).toEqual([['bound'], ['wrong-port']]);
    await net.run({ seconds: 6 });
    a.send(arpFrame({ senderMac: a.mac, senderAddress: address, targetAddress: serverAddress }));
    await ask(net, a, release(a, address));
    expect(statesOf(dhcp)).toEqual(['idle']);
  });

  it('is forgotten when it is closed: the client may go on elsewhere at once', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const dhcp = net.dhcp(s1);
    const a = net.station('a', s1);
    const address = await lease(net, a);
    net.unlink(net.linkNamed('a-s1'));
    expect(dhcp.leases.map(({ state, ingress }) => [state, ingress])).toEqual([['bound', undefined]]);
    net.station('b', s1);
    net.link(a, s1);
    await ask(net, a, release(a, address));
    expect(statesOf(dhcp)).toEqual(['idle']);
  });

  it('leaves no offers behind when it is closed, and its leases to others when no other address is free', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const dhcp = net.dhcp(s1, { range: '10.77.0.10-10.77.0.13', orphanTime: 10, offerTime: 3600, maxPortOffers: 4, maxPortLeases: 4 });
    const [a, b, c] = [net.station('a', s1), net.station('b', s1), net.station('c', s1)];
    const address = await lease(net, a);
    for (const system of [1, 2, 3]) await ask(net, b, discover(b, system));
    expect(statesOf(dhcp)).toEqual(['bound', 'offered', 'offered', 'offered']);
    expect(await ask(net, c, discover(c))).toBeUndefined();
    net.linkNamed('b-s1').cut();
    expect(statesOf(dhcp).filter((state) => state === 'offered')).toEqual([]);
    expect((await ask(net, c, discover(c)))?.message.yiaddr).not.toBe(address);
    // Its lease waits for it, as long as no other client needs the address.
    net.linkNamed('a-s1').cut();
    await net.run({ seconds: 11 });
    expect(statesOf(dhcp)).toContain('bound');
    const given: (Ipv4Address | undefined)[] = [];
    for (const system of [1, 2, 3]) given.push((await ask(net, c, discover(c, system)))?.message.yiaddr);
    expect(given).toContain(address);
  });
});

test('a server answers under its address while another station claims that, whose frames have a reason of their own', async () => {
  const net = lab();
  const at = net.switch('s1');
  const server = net.dhcp(at);
  const guest = net.host('guest', at, { dhcp: true });
  const thief = net.station('thief', at);
  await net.run({ seconds: 5 });
  const claim = arpFrame({ senderMac: thief.mac, senderAddress: server.address, targetAddress: server.address });
  for (let second = 0; second < 3; second++) {
    thief.send(claim);
    await net.run({ seconds: 1 });
    expect(await guest.ping('10.77.0.1')).toBeGreaterThan(0);
  }
  expect([...at.switch.ports()].map(({ counters }) => counters.drops['forged-arp'])).toContain(3);
  expect(server.events).toContainEqual(expect.objectContaining({ type: 'conflict', mac: thief.mac, address: server.address }));
  expect(at.switch.explain(1, claim)).toEqual({ decision: 'drop', reason: 'forged-arp' });
});
