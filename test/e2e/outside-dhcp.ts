/** The promises of `docs/dhcp.md`, tried outside the project's tree as others compile them: by the doors of the packed package alone. */
export const outsideDhcp = `
import { DhcpServer, EtherloomError, dhcpConfig, volatileLeaseStore, type DhcpEvent, type LeaseRecord } from 'etherloom/dhcp';
import { lab, type LabDhcp, type LabDhcpOptions, type LabStation, type Network } from 'etherloom/lab';
import * as wire from 'etherloom/wire';
import { expect, test } from 'vitest';

type Options = Readonly<Record<number, readonly number[]>>;
const { discover, request, decline, release, ack, nak, offer } = wire.messageTypes;
const zero = wire.ipv4FromNumber(0);
const everybody = wire.ipv4FromNumber(0xffff_ffff);

const ip = (text: string): wire.Ipv4Address => wire.parseIpv4(text) ?? zero;
const octets = (address: wire.Ipv4Address): readonly number[] => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
const server = octets(ip('10.77.0.1'));

/** A message of a client, in a frame of the client or of another station. */
function frameOf(mac: wire.MacAddress, type: number | undefined, options: Options = {}, ciaddr = zero, source = mac): Uint8Array {
  const all = { ...(type === undefined ? {} : { 53: [type] }), ...options };
  const payload = wire.encodeDhcp({
    ...{ op: 1, htype: 1, hlen: 6, hops: 0, xid: 7, secs: 0, broadcast: false, chaddr: wire.chaddrOf(mac) },
    ...{ ciaddr, yiaddr: zero, siaddr: zero, giaddr: zero, sname: new Uint8Array(0), file: new Uint8Array(0) },
    options: new Map(Object.entries(all).map(([code, value]) => [Number(code), Uint8Array.from(value)])),
  });
  const udp = wire.encodeUdp({ sourcePort: 68, destinationPort: 67, payload }, ciaddr, everybody);
  const packet = wire.encodeIpv4({ source: ciaddr, destination: everybody, protocol: 17, payload: udp });
  return wire.encodeEthernet({ destination: wire.broadcastMac, source, etherType: 0x0800, payload: packet });
}

/** An ARP request by which a station says that it has an address. */
function claim(mac: wire.MacAddress, address: wire.Ipv4Address): Uint8Array {
  const arp = { senderMac: mac, senderAddress: address, targetMac: wire.macFromNumber(0), targetAddress: address };
  const payload = wire.encodeArp({ operation: 'request', ...arp });
  return wire.encodeEthernet({ destination: wire.broadcastMac, source: mac, etherType: 0x0806, payload });
}

function messageIn(frame: Uint8Array): wire.DhcpMessage | undefined {
  const ethernet = wire.decodeEthernet(frame);
  const packet = ethernet?.etherType === 0x0800 ? wire.decodeIpv4(ethernet.payload) : undefined;
  const udp = packet?.protocol === 17 ? wire.decodeUdp(packet.payload, packet.source, packet.destination) : undefined;
  return udp?.destinationPort === 68 ? wire.decodeDhcp(udp.payload) : undefined;
}

/** Sends a frame, and returns what the server says to it. */
async function ask(net: Network, station: LabStation, frame: Uint8Array): Promise<wire.DhcpMessage | undefined> {
  const before = station.heard;
  station.send(frame);
  await net.run({ milliseconds: 20 });
  const heard = station.heard === before ? [] : station.received.slice(before - station.heard);
  return heard.map((one) => messageIn(one.frame)).find((message) => message !== undefined);
}

/** DISCOVER and REQUEST; returns the address, or undefined when there is none. */
async function lease(net: Network, station: LabStation, mac = station.mac, options: Options = {}): Promise<wire.Ipv4Address | undefined> {
  const offered = await ask(net, station, frameOf(mac, discover, options));
  if (offered === undefined) return undefined;
  const wanted = { ...options, 50: octets(offered.yiaddr), 54: server };
  const granted = await ask(net, station, frameOf(mac, request, wanted));
  return granted !== undefined && wire.messageTypeOf(granted) === ack ? granted.yiaddr : undefined;
}

/** A switch with a server of a hundred addresses, and another switch behind a link. */
function segment(options: LabDhcpOptions = {}): { net: Network; dhcp: LabDhcp; station: (name: string, at?: 's2') => LabStation } {
  const net = lab();
  const [s1, s2] = [net.switch('s1'), net.switch('s2')];
  net.link(s1, s2);
  const dhcp = net.dhcp(s1, { range: '10.77.0.10-10.77.0.109', ...options });
  return { net, dhcp, station: (name, at) => net.station(name, at === 's2' ? s2 : s1) };
}

const strangers = (count: number, first = 0): wire.MacAddress[] =>
  Array.from({ length: count }, (_, n) => wire.macFromNumber(0x0600_0000_0000 + first + n));
const statesOf = (dhcp: LabDhcp): string[] => dhcp.leases.map(({ state }) => state);
const reasonsOf = (dhcp: LabDhcp): string[] => dhcp.events.flatMap((event: DhcpEvent) => (event.type === 'dropped' ? [event.reason] : []));

test('1: what a client declined it is not given again, and others behind its port are not its debtors', async () => {
  const { net, station } = segment();
  const [a, b] = [station('a', 's2'), station('b', 's2')];
  const given: (wire.Ipv4Address | undefined)[] = [];
  for (let n = 0; n < 8; n++) {
    const address = await lease(net, a);
    given.push(address);
    await ask(net, a, frameOf(a.mac, decline, { 50: octets(address ?? zero), 54: server }));
  }
  expect(new Set(given).size).toBe(8);
  const address = await lease(net, b);
  await ask(net, b, frameOf(b.mac, decline, { 50: octets(address ?? zero), 54: server }));
  const next = await lease(net, b);
  expect([address, next].includes(undefined) || address === next).toBe(false);
});

test('2: a port that asks for 300 addresses does not take all, and leaves no offers behind', async () => {
  const { net, dhcp, station } = segment();
  const [a, b] = [station('a'), station('b')];
  for (const mac of strangers(300)) a.send(frameOf(mac, discover));
  await net.run({ seconds: 1 });
  expect(statesOf(dhcp).filter((state) => state === 'offered').length).toBe(25);
  expect(await lease(net, b)).toBeDefined();
  net.linkNamed('a-s1').cut();
  expect(statesOf(dhcp)).toEqual(['bound']);
  const c = station('c', 's2');
  for (const mac of strangers(90, 1000)) await lease(net, c, mac);
  expect(statesOf(dhcp).filter((state) => state === 'bound').length).toBe(1 + 75);
  expect(await lease(net, station('d'))).toBeDefined();
});

test('4: a stranger that claims addresses takes none from a client that answers', async () => {
  using net = lab();
  const s1 = net.switch('s1');
  const dhcp = net.dhcp(s1, { range: '10.77.0.10-10.77.0.40' });
  const [client, stranger] = [net.host('client', s1, { dhcp: true }), net.station('stranger', s1)];
  await net.run({ seconds: 5 });
  const address = client.lease?.address;
  stranger.send(claim(stranger.mac, address ?? zero));
  await net.run({ hours: 3 });
  expect([client.lease?.address, dhcp.events.some(({ type }) => type === 'nak')]).toEqual([address, false]);
  for (let n = 10; n <= 40; n++) stranger.send(claim(stranger.mac, ip('10.77.0.' + String(n))));
  await net.run({ seconds: 5 });
  expect(dhcp.events.some(({ type }) => type === 'address-claimer')).toBe(true);
  const next = net.host('next', s1, { dhcp: true });
  await net.run({ seconds: 5 });
  expect([next.lease === undefined, client.lease?.address]).toEqual([false, address]);
});

test('5: from another port nothing ends a lease; after a move it does', async () => {
  const { net, dhcp, station } = segment();
  const [a, thief] = [station('a', 's2'), station('thief')];
  const address = (await lease(net, a)) ?? zero;
  const ending = frameOf(a.mac, release, { 54: server }, address);
  await ask(net, thief, frameOf(a.mac, request, { 50: octets(address) }));
  await ask(net, thief, ending);
  await ask(net, thief, frameOf(a.mac, decline, { 50: octets(address), 54: server }));
  expect([statesOf(dhcp), reasonsOf(dhcp)]).toEqual([['bound'], ['wrong-port', 'wrong-port']]);
  net.unlink(net.linkNamed('a-s2'));
  net.link(a, net.switchNamed('s1'));
  await net.run({ seconds: 4 });
  a.send(claim(a.mac, address));
  await net.run({ seconds: 6 });
  a.send(claim(a.mac, address));
  await ask(net, a, ending);
  expect(statesOf(dhcp)).toEqual(['idle']);
});

test('6: an address that was released is probed when it is given again', async () => {
  const { net, station } = segment();
  const [a, other] = [station('a'), station('other')];
  const address = (await lease(net, a)) ?? zero;
  await ask(net, a, frameOf(a.mac, release, { 54: server }, address));
  const before = other.heard;
  expect((await ask(net, a, frameOf(a.mac, discover)))?.yiaddr).toBe(address);
  const probes = other.received.slice(before - other.heard).map(({ frame }) => wire.summarize(frame));
  expect(probes).toContainEqual(expect.stringContaining('who has ' + wire.formatIpv4(address)));
});

test('7: two clones behind one link get an address each, and are reported', async () => {
  const { net, dhcp, station } = segment();
  const [a, b] = [station('a', 's2'), station('b', 's2')];
  const duid = { 61: [255, 0, 0, 0, 1, 0, 2, 9, 9] };
  const [first, second] = [await lease(net, a, a.mac, duid), await lease(net, b, b.mac, duid)];
  expect([first, second].includes(undefined) || first === second).toBe(false);
  expect(dhcp.events.map(({ type }) => type)).toContain('duplicate-client');
});

test('8: the systems of one machine have one lease where that is asked for', async () => {
  const systems: readonly Options[] = [{}, { 61: [0, 7, 7, 7] }, { 61: [255, 1, 2, 3, 4] }];
  for (const leasePerMac of [true, false]) {
    const { net, station } = segment({ leasePerMac });
    const a = station('a');
    const given = new Set<wire.Ipv4Address | undefined>();
    for (const options of systems) given.add(await lease(net, a, a.mac, options));
    expect(given.size).toBe(leasePerMac ? 1 : 3);
  }
});

test('9: who has the address that is reserved for another one loses it, and the other one gets it', () => {
  const [holder = wire.macFromNumber(2), other = wire.macFromNumber(4)] = strangers(2);
  const address = ip('10.77.0.50');
  const own = ip('10.77.0.60');
  const reserved = (mac: wire.MacAddress): wire.Ipv4Address | undefined => (mac === other ? address : mac === holder ? own : undefined);
  const sent: Uint8Array[] = [];
  const never = { [Symbol.dispose]: () => undefined };
  const record: LeaseRecord = { address, state: 'bound', key: '01060000000000', mac: holder, since: 0, duration: 3600 };
  using dhcp = new DhcpServer({
    config: dhcpConfig({
      ...{
        network: { address: ip('10.77.0.0'), prefixLength: 24 },
        serverAddress: ip('10.77.0.1'),
        serverMac: wire.macFromNumber(0x0200_0000_0001),
      },
      ...{ reserved, isReserved: (one) => one === address || one === own, probe: false },
    }),
    clock: { monotonic: () => 0, wall: () => 0, after: () => never, defer: () => undefined },
    bridge: { send: (frame) => sent.push(frame), breath: (work) => work() },
    store: volatileLeaseStore,
    records: [record],
  });
  const answer = (frame: Uint8Array): wire.DhcpMessage | undefined => {
    dhcp.receive(frame, 1);
    return messageIn(sent.at(-1) ?? new Uint8Array(0));
  };
  const refused = answer(frameOf(holder, request, {}, address));
  expect(refused && wire.messageTypeOf(refused)).toBe(nak);
  const offered = answer(frameOf(other, discover));
  expect([offered && wire.messageTypeOf(offered), offered?.yiaddr]).toEqual([offer, address]);
});

test('10: a client identifier of no or one octet is none', async () => {
  const { net, station } = segment();
  const a = station('a');
  const given = new Set<wire.Ipv4Address | undefined>();
  for (const identifier of [[], [1], undefined]) {
    const options: Options = identifier === undefined ? {} : { 61: identifier };
    const offered = await ask(net, a, frameOf(a.mac, discover, options));
    expect(offered?.options.has(61)).toBe(false);
    given.add(await lease(net, a, a.mac, options));
  }
  expect(given.size).toBe(1);
});

test('11: BOOTP and checksums that a card should have finished are served where that is asked for', async () => {
  for (const isServed of [true, false]) {
    const { net, station } = segment({ bootp: isServed, laxChecksum: isServed });
    const a = station('a');
    expect((await ask(net, a, frameOf(a.mac, undefined))) !== undefined).toBe(isServed);
    const frame = frameOf(a.mac, discover);
    const sum = wire.pseudoHeaderSum(zero, everybody, 17, frame.length - 34);
    wire.writeUint16(frame, 40, (sum & 0xffff) + (sum >>> 16));
    expect((await ask(net, a, frame)) !== undefined).toBe(isServed);
  }
});

test('12: leases may be as short as 4 seconds', async () => {
  using net = lab();
  const s1 = net.switch('s1');
  expect(() => net.dhcp(s1, { leaseTime: 3 })).toThrow(EtherloomError);
  net.dhcp(s1, { leaseTime: 4 });
  const a = net.host('a', s1, { dhcp: true });
  await net.run({ minutes: 1 });
  expect(a.lease?.leaseTime).toBe(4);
});
`;
