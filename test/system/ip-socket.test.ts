import { describe, expect, it } from 'vitest';
import { addressOfKey, interfaceNumber, type IpFamily } from '../../src/system/ip-address.ts';
import {
  bindIp,
  connectIp,
  interfaceWith,
  isLoopbackInterface,
  joinGroup,
  lostPackets,
  pathMtu,
  rawSocket,
  sendWithoutChecksum,
  setFragmentation,
  setGroupWay,
  setHops,
  setReceiveBuffer,
  shareAddress,
  udpSocket,
} from '../../src/system/ip-socket.ts';
import { ReceiveRing } from '../../src/system/datagrams.ts';
import { destination, PacketBatch, PacketRing } from '../../src/system/packets.ts';
import { ownName, peerName } from '../../src/system/socket-name.ts';
import { frameOf } from '../ports/rig.ts';
import { closing } from './sockets.ts';

const loopback = { 4: '127.0.0.1', 6: '::1' } as const;

/** Returns a UDP socket at an address of the loopback, and its port. */
function udpAt(family: IpFamily): { fd: number; port: number } {
  const fd = closing(udpSocket(family));
  bindIp(fd, loopback[family], 0);
  return { fd, port: ownName(fd).port };
}

describe.each([4, 6] as const)('a UDP socket of IPv%i', (family) => {
  const ring = new PacketRing(70_000);
  const batch = new PacketBatch(ring, new ReceiveRing(100));

  it('sends to its peer, and hears only that', () => {
    const [near, far, third] = [udpAt(family), udpAt(family), udpAt(family)];
    const before = { frame: frameOf(63), to: destination(loopback[family], near.port) };
    expect(batch.send(third.fd, [before, { ...before, frame: frameOf(0) }, before], 0)).toBe(3);
    connectIp(near.fd, loopback[family], far.port);
    expect(peerName(near.fd)).toEqual({ host: loopback[family], port: far.port });
    expect(batch.send(near.fd, [{ frame: frameOf(60) }], 0)).toBe(1);
    const to = destination(loopback[family], near.port);
    expect(batch.send(far.fd, [{ frame: frameOf(61), to }], 0)).toBe(1);
    expect(batch.send(third.fd, [{ frame: frameOf(62), to }], 0)).toBe(1);
    expect(ring.receive(far.fd)).toBe(1);
    expect(ring.receive(near.fd)).toBe(1);
    expect(ring.packet(0)).toEqual(frameOf(61));
  });

  it('reports by name that nothing is bound at its peer', () => {
    const [near, far] = [udpAt(family), udpSocket(family)];
    closing(far);
    bindIp(far, loopback[family], 0);
    const { port } = ownName(far);
    connectIp(near.fd, loopback[family], port === 65_535 ? port - 1 : port);
    connectIp(far, loopback[family], near.port);
    // The peer is connected to another port now, so that it takes nothing from here.
    connectIp(far, loopback[family], 9);
    batch.send(near.fd, [{ frame: frameOf(60) }], 0);
    expect(ring.receive(near.fd)).toBe('ECONNREFUSED');
    expect(ring.receive(near.fd)).toBe(0);
  });

  it('refuses what its path does not take whole, unless fragments are allowed', () => {
    const [near, far] = [udpAt(family), udpAt(family)];
    setFragmentation(near.fd, family, 'never');
    expect(() => pathMtu(near.fd, family)).toThrow(/ENOTCONN/);
    connectIp(near.fd, loopback[family], far.port);
    // That of the loopback, which CI does not change.
    expect(pathMtu(near.fd, family)).toBeGreaterThanOrEqual(16_384);
    const headers = family === 4 ? 28 : 48;
    const longest = Math.min(pathMtu(near.fd, family) - headers, 65_507);
    expect(batch.send(near.fd, [{ frame: frameOf(longest + 1) }, { frame: frameOf(60) }], 0)).toBe('EMSGSIZE');
    expect(batch.send(near.fd, [{ frame: frameOf(longest) }], 0)).toBe(1);
    setFragmentation(near.fd, family, 'allowed');
    if (longest < 65_507) expect(batch.send(near.fd, [{ frame: frameOf(longest + 1) }], 0)).toBe(1);
  });

  it('counts what the kernel drops for want of room', () => {
    const [near, far] = [udpAt(family), udpAt(family)];
    setReceiveBuffer(far.fd, 10_000);
    connectIp(near.fd, loopback[family], far.port);
    expect(lostPackets(far.fd)).toBe(0);
    for (let sent = 0; sent < 640; sent += 64) {
      expect(
        batch.send(
          near.fd,
          Array.from({ length: 64 }, () => ({ frame: frameOf(1000) })),
          0,
        ),
      ).toBe(64);
    }
    ring.rewind(1);
    expect(ring.receive(far.fd)).toBeGreaterThan(0);
    expect(lostPackets(far.fd)).toBeGreaterThan(500);
  });

  it('takes its other options', () => {
    const { fd } = udpAt(family);
    setHops(fd, family, 64);
    sendWithoutChecksum(fd);
    setReceiveBuffer(fd, 2 ** 22);
    expect(() => {
      setHops(fd, family, 1000);
    }).toThrow(/EINVAL/);
    expect(interfaceWith(loopback[family])).toBe(interfaceNumber('lo'));
    expect([isLoopbackInterface('lo'), isLoopbackInterface('nosuch0')]).toEqual([true, false]);
    expect(() => interfaceWith('192.0.2.77')).toThrow(/is not an address of this machine/);
  });
});

describe('sockets of a group of hosts', () => {
  it('share their address, hear each other and themselves, and no other group', () => {
    const ring = new PacketRing(2000);
    const batch = new PacketBatch(ring, new ReceiveRing(100));
    const lo = interfaceNumber('lo');
    const sender = udpAt(4);
    setGroupWay(sender.fd, 4, { interface: lo, hops: 1 });
    const probe = udpAt(4);
    const members = Array.from({ length: 2 }, () => {
      const fd = closing(udpSocket(4));
      shareAddress(fd);
      bindIp(fd, '239.77.1.1', probe.port);
      joinGroup(fd, '239.77.1.1', lo);
      return fd;
    });
    const stranger = closing(udpSocket(4));
    shareAddress(stranger);
    bindIp(stranger, '239.77.1.2', probe.port);
    joinGroup(stranger, '239.77.1.2', lo);
    expect(batch.send(sender.fd, [{ frame: frameOf(60), to: destination('239.77.1.1', probe.port) }], 0)).toBe(1);
    for (const member of members) {
      expect(ring.receive(member)).toBe(1);
      expect(ring.packet(0)).toEqual(frameOf(60));
      expect(addressOfKey(ring.source(0))).toBe('127.0.0.1');
      expect(ring.sourcePort(0)).toBe(sender.port);
    }
    expect(ring.receive(stranger)).toBe(0);
  });
});

describe('a raw socket', () => {
  const isRoot = process.getuid?.() === 0;
  it(isRoot ? 'receives its protocol, with the IP header in IPv4 alone' : 'needs a right', () => {
    if (!isRoot) {
      expect(() => rawSocket(4, 253)).toThrow(/cannot make a raw socket for protocol 253 of IPv4: .*EPERM/);
      return;
    }
    const ring = new PacketRing(2000);
    const batch = new PacketBatch(ring, new ReceiveRing(100));
    for (const family of [4, 6] as const) {
      // One that the IANA leaves for experiments. [RFC 3692]
      const fd = closing(rawSocket(family, 253));
      bindIp(fd, loopback[family], 0);
      expect(batch.send(fd, [{ frame: frameOf(60), to: destination(loopback[family], 0) }], 0)).toBe(1);
      expect(ring.receive(fd)).toBe(1);
      expect(ring.packet(0, family === 4 ? 20 : 0)).toEqual(frameOf(60));
      expect(addressOfKey(ring.source(0))).toBe(loopback[family]);
    }
  });
});
