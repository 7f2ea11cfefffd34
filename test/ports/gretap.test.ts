import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gre, openRawIp } from '../../src/ports/overlay/raw-ip.ts';
import { PackageSocket } from '../../src/ports/overlay/raw-socket.ts';
import { setFragmentation } from '../../src/system/ip-socket.ts';
import { libc } from '../../src/system/libc.ts';
import { destination } from '../../src/system/packets.ts';
import { greTunnel } from '../../src/wire/gre.ts';
import { concatOctets, parseHex } from '../../src/wire/octets.ts';
import { eventually } from '../eventually.ts';
import { conformsOverIp, describeKinds, openPair, withPackage, type Pair, type PairOptions, type Tunnel } from './raw-ip.ts';
import { collect, descriptors, dropped, frameOf, Rig, sameFrames, using } from './rig.ts';
import { addresses, describeInTwoNetworks } from './two-networks.ts';

const withKey = (key?: number): Tunnel => ({ protocol: gre, encapsulation: greTunnel(key) });

describeInTwoNetworks(import.meta.url, (networks) => {
  conformsOverIp(networks, 'Ethernet over GRE with a key', withKey(0xfedc_ba98));

  describe('Ethernet over GRE without a key', () => {
    it('is taken with key 0, and the other way round', async () => {
      const rig = new Rig();
      const { port, far } = await open(rig, { near: withKey(), far: withKey(0) });
      const [here, there] = [collect(port), collect(far)];
      rig.send(port, frameOf(60));
      rig.send(far, frameOf(61));
      await Promise.all([here.count(1), there.count(1)]);
    });
  });

  describeKinds('a port on GRE by', (byPackage) => {
    it('takes what the headers allow, and counts what they do not', async () => {
      const rig = new Rig();
      const { port, far, inject } = await open(rig, { near: withKey(42), byPackage });
      const here = collect(port);
      collect(far);
      const send = (header: string, seed: number): void => inject(concatOctets(parseHex(header) ?? new Uint8Array(0), frameOf(60, seed)));
      send('300065580000002a00000007', 1);
      const malformed = ['600065580000002a', '200165580000002a', '240065580000002a', '280065580000002a', '200008000000002a', '2000'];
      malformed.push('a0006558000100000000002a');
      malformed.forEach((header, i) => send(header, 100 + i));
      for (const stranger of ['00006558', '200065580000002b', '2000655800000000']) send(stranger, 200);
      rig.send(far, frameOf(60, 2));
      await here.count(2);
      expect(sameFrames(here.frames, [frameOf(60, 1), frameOf(60, 2)])).toBe(true);
      // Two octets are too few to have a key: they are for no port.
      expect(port.counters.drops).toMatchObject({ malformed: malformed.length - 1, stranger: 4 });
    });

    it('finds the frame behind options of IPv4', async () => {
      const rig = new Rig();
      const { port, inject, fd } = await open(rig, { near: withKey(42), byPackage });
      const here = collect(port);
      // IP_OPTIONS: no operation, seven times, and the end of the options. [RFC 791, 3.1]
      expect(libc.setsockopt(fd, 0, 4, Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 0), 8)).toBe(0);
      inject(concatOctets(greTunnel(42).header, frameOf(60)));
      await here.count(1);
      expect(sameFrames(here.frames, [frameOf(60)])).toBe(true);
    });

    it('takes packets that arrive in fragments whole, and sends none in fragments', async () => {
      networks.setMtu(1_500);
      try {
        const rig = new Rig();
        const { port, inject, fd } = await open(rig, { near: withKey(42), byPackage });
        const here = collect(port);
        setFragmentation(fd, 4, 'allowed');
        inject(concatOctets(greTunnel(42).header, frameOf(5_000)));
        await here.count(1);
        expect(sameFrames(here.frames, [frameOf(5_000)])).toBe(true);
        expect(port.mtu).toBe(1_458);
        rig.send(port, frameOf(1_473), frameOf(1_472));
        expect(port.counters).toMatchObject({ sentFrames: 1, drops: { oversize: 1 } });
      } finally {
        networks.setMtu(65_535);
      }
    });

    it('sends fragments where it is asked to, beside a port that sends none', async () => {
      networks.setMtu(1_500);
      try {
        const rig = new Rig();
        const { port, far } = await open(rig, { near: { ...withKey(42), fragmentation: 'allowed' }, byPackage });
        const other = await open(rig, { near: withKey(43), byPackage });
        const [there, beside] = [collect(far), collect(other.far)];
        collect(port);
        expect(port.mtu).toBeUndefined();
        rig.send(port, frameOf(5_000));
        rig.send(other.port, frameOf(5_000), frameOf(60));
        await Promise.all([there.count(1), beside.count(1)]);
        expect(sameFrames(there.frames, [frameOf(5_000)])).toBe(true);
        expect(sameFrames(beside.frames, [frameOf(60)])).toBe(true);
        expect([dropped(port.counters), other.port.counters.drops.oversize]).toEqual([0, 1]);
      } finally {
        networks.setMtu(65_535);
      }
    });

    it('counts what the system has dropped because it came faster than it was read', async () => {
      const rig = new Rig();
      const { port, far } = await open(rig, { near: withKey(42), byPackage });
      const here = collect(port);
      collect(far);
      rig.send(far, frameOf(60));
      await here.count(1);
      const sent = 400 * 64;
      // The loop reads again only after all of it.
      for (let i = 0; i < 400; i++) rig.send(far, ...Array.from({ length: 64 }, () => frameOf(1_000)));
      await eventually(() => expect(port.counters.drops['receive-overflow']).toBeGreaterThan(0));
      expect(port.counters.receivedFrames + port.counters.drops['receive-overflow']).toBeLessThanOrEqual(sent + 1);
      expect(rig.logged.filter((line) => line.includes('the system has dropped'))).toHaveLength(1);
    });

    it('shares its socket with ports of other keys, each with its own frames', async () => {
      const before = descriptors();
      const rig = new Rig();
      const pairs: Pair[] = [];
      for (const key of [1, 2, 3]) pairs.push(await open(rig, { near: withKey(key), byPackage }));
      // A raw socket for all near ports, one for all far ones, one for each `inject`, and those of the loop.
      const sockets = readFileSync('/proc/self/net/raw', 'utf8').trimEnd().split('\n').length - 1;
      expect(sockets).toBe(1);
      expect(descriptors() - before).toBeLessThan(2 + pairs.length + 8);
      const ends = pairs.map(({ port, far }) => [collect(port), collect(far)] as const);
      pairs.forEach(({ port }, i) => rig.send(port, frameOf(60, i)));
      pairs.forEach(({ far }, i) => rig.send(far, frameOf(61, i)));
      await Promise.all(ends.flat().map((end) => end.count(1)));
      for (const [i, [here, there]] of ends.entries()) {
        expect(sameFrames(here.frames, [frameOf(61, i)])).toBe(true);
        expect(sameFrames(there.frames, [frameOf(60, i)])).toBe(true);
      }
      expect(pairs.map(({ port }) => dropped(port.counters))).toEqual([0, 0, 0]);
      const again = openRawIp({ ...withKey(2), name: 'again', hosts: [addresses[4].far], byPackage }, rig.environment);
      await expect(again).rejects.toThrow(/cannot open gretap:\/\/again: gretap:\/\/10\.77\.0\.2 has the same key and a remote in common/);
    });

    it('drops frames for a host without a route, and names the error', async () => {
      const rig = new Rig();
      const port = using(await openRawIp({ ...withKey(1), name: 'nowhere', hosts: ['192.0.2.1'], byPackage }, rig.environment));
      collect(port);
      rig.send(port, frameOf(60));
      expect(port.counters).toMatchObject({ sentFrames: 0, drops: { 'send-failed': 1 } });
      expect(rig.logged.join('\n')).toContain('cannot send to 192.0.2.1: network is unreachable (ENETUNREACH)');
    });
  });

  withPackage(() => {
    it('a socket of the package refuses an address of the other version of IP, and names the errors of the system', () => {
      const { environment } = new Rig();
      const options = { family: 4, protocol: gre.number, fragmentation: 'never', hops: 64, receiveBuffer: 0 } as const;
      networks.setMtu(1_500);
      const socket = new PackageSocket(options, environment);
      try {
        const sent = (to: string, size: number): number | string => socket.send([{ frame: frameOf(size), to: destination(to, 0) }], 0);
        expect(sent(addresses[4].far, 60)).toBe(1);
        expect(sent(addresses[6].far, 60)).toBe('EAFNOSUPPORT');
        expect(sent(addresses[4].far, 1_481)).toBe('EMSGSIZE');
        expect(sent(addresses[4].far, 70_000)).toBe('EMSGSIZE');
        expect(sent('10.77.0.255', 60)).toBe('EACCES');
        expect(sent('192.0.2.1', 60)).toBe('ENETUNREACH');
        const frame = frameOf(60);
        const both = [addresses[4].far, '192.0.2.1', addresses[4].far].map((to) => ({ frame, to: destination(to, 0) }));
        expect([0, 1, 2].map((from) => socket.send(both, from))).toEqual([1, 'ENETUNREACH', 1]);
      } finally {
        socket[Symbol.dispose]();
        networks.setMtu(65_535);
      }
      expect(socket.send([{ frame: frameOf(60), to: destination(addresses[4].far, 0) }], 0)).toBe('EBADF');
    });
  });

  async function open(rig: Rig, options: PairOptions): Promise<Pair> {
    const pair = await openPair(rig, networks, 4, options);
    [pair.port, pair.far, pair.rest].forEach(using);
    return pair;
  }
});
