import { describe, expect, it } from 'vitest';
import type { OverlayPort } from '../../src/ports/overlay/overlay-port.ts';
import { openVxlan, type VxlanOptions } from '../../src/ports/overlay/vxlan.ts';
import { addTag, vid } from '../../src/wire/dot1q.ts';
import { eventually } from '../eventually.ts';
import { conforms } from './conformance.ts';
import { collect, descriptors, dropped, frameOf, Rig, sameFrames, using } from './rig.ts';
import { worksInGroup } from './vxlan-group.ts';
import { frame, freePort, openPort, packet, right, UdpPeer, usual } from './vxlan-stage.ts';

const loopback = { 4: '127.0.0.1', 6: '::1' } as const;
type Family = keyof typeof loopback;

/** Returns two ports of one network at the loopback, each the other's remote. */
async function pair(rig: Rig, family: Family): Promise<readonly [OverlayPort, OverlayPort, number]> {
  const host = loopback[family];
  const [a, b] = [freePort(), freePort()];
  const one = await openVxlan({ ...usual, local: host, listed: [{ host, port: b }], port: a }, rig.environment);
  const two = await openVxlan({ ...usual, local: host, listed: [{ host, port: a }], port: b }, rig.environment);
  return [one, two, a];
}

for (const family of [4, 6] as const) {
  conforms({
    name: `VXLAN over IPv${family}`,
    injects: true,
    stalls: false,
    farGone: 'nothing',
    ordersFlows: true,
    // The kernel gives an ordinary user room for little more, since each long frame takes more of its memory than its octets.
    underWay: 2 ** 16,
    async open(rig) {
      const [port, far, at] = await pair(rig, family);
      const peer = await UdpPeer.at(loopback[family]);
      return { port, far, rest: peer, inject: (octets) => void peer.send(packet(...right, octets), at, loopback[family]) };
    },
  });
}

describe.each([4, 6] as const)('a VXLAN port over IPv%i', (family: Family) => {
  const host = loopback[family];

  it('takes the headers that Linux and Open vSwitch take, and counts the others', async () => {
    const rig = new Rig();
    const at = freePort();
    const peer = await UdpPeer.at(host);
    const port = await openPort(rig, { local: host, listed: [{ host, port: peer.port }], port: at });
    const here = collect(port);
    const faulty: readonly (readonly [number, number])[] = [
      [0x0000_0000, 0x700], // no I bit
      [0x8800_0000, 0x700], // G bit
      [0x0c00_0000, 0x700], // P bit
      [0xff00_0000, 0x700],
      [0x08ff_ffff, 0x700], // reserved octets
      [0x0800_0000, 0x701], // the last octet
    ];
    for (const [first, second] of faulty) await peer.send(packet(first, second, frameOf(60)), at, host);
    await peer.send(new Uint8Array(7), at, host);
    await peer.send(packet(right[0], 0x800, frameOf(60)), at, host);
    await peer.send(packet(...right, frameOf(61)), at, host);
    await here.count(1);
    expect(sameFrames(here.frames, [frameOf(61)])).toBe(true);
    const { malformed, stranger } = port.counters.drops;
    // The seven octets are of no network.
    expect([malformed, stranger, dropped(port.counters)]).toEqual([6, 2, 8]);
    expect(rig.logged.length).toBe(2);
    expect(rig.logged[0]).toMatch(/has a faulty header \(flags\).*counted and not logged/);
  });

  it('sends the header of its network, to the port of the remote, from a port of its flow', async () => {
    const rig = new Rig();
    const peer = await UdpPeer.at(host);
    const port = await openPort(rig, { local: host, listed: [{ host, port: peer.port }], port: freePort(), vni: 0xff_fffe });
    collect(port);
    for (let flow = 0; flow < 64; flow++) rig.send(port, frame(1, 2 + flow), frame(1, 2 + flow));
    const received = await peer.count(128);
    for (const { payload } of received) expect(payload.subarray(0, 8)).toEqual(Uint8Array.of(8, 0, 0, 0, 0xff, 0xff, 0xfe, 0));
    const ports = new Map<string, number>();
    for (const { payload, sourcePort } of received) {
      const flow = payload.subarray(8, 20).join();
      expect(ports.get(flow) ?? sourcePort).toBe(sourcePort);
      ports.set(flow, sourcePort);
      expect(sourcePort).toBeGreaterThanOrEqual(49_152);
    }
    expect(new Set(ports.values()).size).toBeGreaterThan(8);
    expect(new Set(ports.values()).size).toBeLessThanOrEqual(16);
  });

  it('takes a network and its frames as they are: any VNI, tags and source ports', async () => {
    const rig = new Rig();
    const at = freePort();
    const [peer, other] = [await UdpPeer.at(host), await UdpPeer.at(host)];
    for (const vni of [0, 0xff_ffff]) {
      const port = await openPort(rig, { local: host, listed: [{ host, port: peer.port }], port: at, vni });
      const here = collect(port);
      const tagged = addTag(frameOf(60), vid(5));
      await peer.send(packet(right[0], (vni << 8) >>> 0, tagged), at, host);
      await other.send(packet(right[0], (vni << 8) >>> 0, frameOf(60)), at, host);
      await here.count(2);
      expect(sameFrames(here.frames, [tagged, frameOf(60)])).toBe(true);
    }
  });

  it('refuses an address and port in use, and says which options to change', async () => {
    const [one, two] = [new Rig(), new Rig()];
    const options = { listed: [{ host, port: 9 }], port: freePort(), local: host };
    await openPort(one, options);
    const before = descriptors();
    await expect(openPort(two, options)).rejects.toThrow(`cannot receive at ${host} port ${options.port}: another program or port uses it`);
    await expect(openPort(two, options)).rejects.toMatchObject({ code: 'busy', message: /port=.*local=/ });
    expect(descriptors()).toBe(before);
  });

  it('shares its socket with ports of other networks, and of other remotes, in its process', async () => {
    const rig = new Rig();
    const at = freePort();
    const peer = await UdpPeer.at(host);
    const shared = { local: host, port: at, listed: [{ host, port: peer.port }] };
    const seven = await openPort(rig, shared);
    const before = descriptors();
    const eight = await openPort(rig, { ...shared, vni: 8 });
    expect(descriptors()).toBe(before);
    const [here, there] = [collect(seven), collect(eight)];
    await peer.send(packet(right[0], 0x800, frameOf(60)), at, host);
    await peer.send(packet(right[0], 0x900, frameOf(61)), at, host);
    await peer.send(packet(...right, frameOf(62)), at, host);
    await Promise.all([here.count(1), there.count(1)]);
    expect(sameFrames([...here.frames, ...there.frames], [frameOf(62), frameOf(60)])).toBe(true);
    expect(dropped(seven.counters) + dropped(eight.counters)).toBe(1);
    await expect(openPort(rig, shared)).rejects.toMatchObject({ code: 'busy', message: /has the same key and a remote in common/ });
    await seven[Symbol.asyncDispose]();
    await peer.send(packet(right[0], 0x800, frameOf(63)), at, host);
    await there.count(2);
    expect(eight.counters.receivedFrames).toBe(2);
  });

  it('counts packets that the kernel drops since they come faster than they are read', async () => {
    const rig = new Rig();
    const [one, two] = await pair(rig, family);
    using(one);
    using(two);
    const there = collect(two);
    collect(one);
    let sent = 0;
    // All of it before anything is read: more than the largest buffer takes.
    for (; sent < 20_000; sent += 50) rig.send(one, ...Array.from({ length: 50 }, () => frameOf(1400)));
    expect(one.counters.sentFrames).toBe(sent);
    await eventually(() => expect(two.counters.drops['receive-overflow'] + there.frames.length).toBe(sent));
    expect(two.counters.drops['receive-overflow']).toBeGreaterThan(0);
    expect(rig.logged.filter((line) => line.includes('came faster than they were read')).length).toBe(1);
  });

  it('keeps frames from a remote whose path does not take them, and says for which', async () => {
    const rig = new Rig();
    const [one, two] = await pair(rig, family);
    using(one);
    using(two);
    const there = collect(two);
    collect(one);
    for (const remote of one.remotes.listed) remote.longest = 1450;
    rig.send(one, frameOf(1451), frameOf(1450));
    await there.count(1);
    expect(sameFrames(there.frames, [frameOf(1450)])).toBe(true);
    expect(one.counters).toMatchObject({ sentFrames: 1, drops: { oversize: 1 } });
  });
});

worksInGroup({ group: '239.77.7.7', host: loopback[4], interface: 'lo' });

describe('the remotes of a VXLAN port', () => {
  /** Returns a port with three remotes at addresses of their own, and what it receives. */
  async function mesh(more: Partial<VxlanOptions> = {}): Promise<{
    rig: Rig;
    port: OverlayPort;
    at: number;
    here: ReturnType<typeof collect>;
    peers: readonly [UdpPeer, UdpPeer, UdpPeer];
  }> {
    const rig = new Rig();
    const at = freePort();
    const peers = [await UdpPeer.at('127.0.0.2', at), await UdpPeer.at('127.0.0.3', at), await UdpPeer.at('127.0.0.4', at)] as const;
    const listed = ['127.0.0.2', '127.0.0.3'].map((host) => ({ host, port: at }));
    const port = await openPort(rig, { local: '127.0.0.1', listed, port: at, ...more });
    return { rig, port, at, here: collect(port), peers };
  }

  const to = (at: number): [number, string] => [at, '127.0.0.1'];

  it('each get a flood once, and only the station of a frame its frame', async () => {
    const { rig, port, at, here, peers } = await mesh();
    const [a, b] = peers;
    rig.send(port, frame(9, 1));
    await Promise.all([a.count(1), b.count(1)]);
    await a.send(packet(...right, frame(1, 0)), ...to(at));
    await b.send(packet(...right, frame(2, 9)), ...to(at));
    await here.count(2);
    rig.send(port, frame(9, 1), frame(9, 2), frame(9, 1), frame(9, 0), frame(9, 3));
    await Promise.all([a.count(5), b.count(4)]);
    const stations = (peer: UdpPeer): number[] => peer.received.map(({ payload }) => payload[13] ?? 0).sort((x, y) => x - y);
    expect(stations(a)).toEqual([1, 1, 1, 3, 255]);
    expect(stations(b)).toEqual([1, 2, 3, 255]);
    expect(port.counters).toMatchObject({ sentFrames: 6, receivedFrames: 2 });
  });

  it('are the only ones that are believed, and others are counted', async () => {
    const { port, at, here, peers } = await mesh();
    const [a, , stranger] = peers;
    await stranger.send(packet(...right, frame(1, 0)), ...to(at));
    await stranger.send(packet(...right, frame(1, 0)), ...to(at));
    await a.send(packet(...right, frame(2, 0)), ...to(at));
    await here.count(1);
    expect(sameFrames(here.frames, [frame(2, 0)])).toBe(true);
    expect(port.counters.drops.stranger).toBe(2);
  });

  it("are learned with learn=any, and get their stations' frames but no floods", async () => {
    const { rig, port, at, here, peers } = await mesh({ takesAny: true });
    const [a, b, learned] = peers;
    await learned.send(packet(...right, frame(5, 0)), ...to(at));
    await here.count(1);
    rig.send(port, frame(9, 5), frame(9, 0));
    await Promise.all([a.count(1), b.count(1), learned.count(1)]);
    expect(learned.received[0]?.payload.subarray(8)).toEqual(frame(9, 5));
    expect(port.counters).toMatchObject({ sentFrames: 2, drops: { stranger: 0 } });
  });

  it('are for the port that lists them, before one that takes any, in one network', async () => {
    const rig = new Rig();
    const port = freePort();
    const at = (host: string): { host: string; port: number } => ({ host, port });
    const any = await openPort(rig, { local: '127.0.0.1', listed: [at('127.0.0.3')], port, takesAny: true });
    const two = await openPort(rig, { local: '127.0.0.1', listed: [at('127.0.0.2')], port });
    const [all, some] = [collect(any), collect(two)];
    for (const [host, length] of [
      ['127.0.0.2', 62],
      ['127.0.0.3', 63],
      ['127.0.0.4', 64],
      ['127.0.0.2', 65],
    ] as const) {
      const peer = await UdpPeer.at(host);
      await peer.send(packet(...right, frameOf(length)), ...to(port));
    }
    await Promise.all([all.count(2), some.count(2)]);
    expect([all.frames, some.frames].map((frames) => frames.map(({ length }) => length))).toEqual([
      [63, 64],
      [62, 65],
    ]);
    await expect(openPort(rig, { local: '127.0.0.1', listed: [at('127.0.0.9')], port, takesAny: true })).rejects.toMatchObject({
      code: 'busy',
    });
  });

  it('that forge 100,000 stations take none from another remote', { timeout: 60_000 }, async () => {
    const rig = new Rig();
    const port = freePort();
    const [hostile, quiet] = ['127.0.0.2', '127.0.0.3'] as const;
    const ends = [hostile, quiet].map((host) => ({ host, port }));
    const attacked = await openPort(rig, { local: '127.0.0.1', listed: ends, port });
    const here = collect(attacked);
    const [one, two] = [
      await openPort(rig, { local: hostile, listed: [{ host: '127.0.0.1', port }], port }),
      await openPort(rig, { local: quiet, listed: [{ host: '127.0.0.1', port }], port }),
    ];
    const [forger, station] = [collect(one), collect(two)];
    rig.send(two, frame(7, 0));
    await here.count(1);
    for (let sent = 0; sent < 100_000; sent += 400) {
      rig.send(one, ...Array.from({ length: 400 }, (_, i) => frame(1_000 + sent + i, 0)));
      await here.count(1 + sent + 400);
    }
    rig.send(attacked, frame(9, 7));
    await station.count(1);
    expect([forger.frames.length, station.frames.length]).toEqual([0, 1]);
  });
});
