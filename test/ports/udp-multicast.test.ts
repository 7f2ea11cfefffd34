import { closeSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { MulticastPort, type MulticastPortOptions } from '../../src/ports/udp-multicast.ts';
import { interfaceNumber } from '../../src/system/ip-address.ts';
import { bindIp, connectIp, setGroupWay, udpSocket } from '../../src/system/ip-socket.ts';
import { ownName } from '../../src/system/socket-name.ts';
import { closing } from '../system/sockets.ts';
import { conforms } from './conformance.ts';
import { awaitUp, ip, useNetworkNamespace } from './tap-stage.ts';
import { collect, frameOf, Rig, sameFrames, sendDatagram, using } from './rig.ts';

/** The interfaces of the tests: of IPv6, one that they make, since IPv6 has no way to a group through the loopback. */
const interfaces = { 4: 'lo', 6: 'both' } as const;

const groups = { 4: '239.192.77.1', 6: 'ff12::77' } as const;

/** Returns a UDP socket that sends to a group, which is none of a port. */
function sender(family: 4 | 6, port: number): number {
  const fd = closing(udpSocket(family));
  setGroupWay(fd, family, { interface: interfaceNumber(interfaces[family]), hops: 1 });
  connectIp(fd, family === 4 ? groups[4] : `${groups[6]}%${interfaces[6]}`, port);
  return fd;
}

/** Returns the options of ports at a UDP port that was free a moment ago. */
function place(family: 4 | 6): MulticastPortOptions {
  const fd = udpSocket(family);
  bindIp(fd, family === 4 ? '127.0.0.1' : '::1', 0);
  const { port } = ownName(fd);
  closeSync(fd);
  return { group: { host: groups[family], port }, interface: interfaceNumber(interfaces[family]), hops: 1 };
}

/** The suite of all ports, and the tests of these alone. */
function isMulticastPort(family: 4 | 6): void {
  conforms({
    name: `UDP multicast over IPv${family}`,
    injects: true,
    stalls: false,
    farGone: 'nothing',
    // The kernel gives an ordinary user room for little more, since each long frame takes more of its memory than its octets.
    underWay: 2 ** 16,
    open(rig) {
      const options = place(family);
      const [port, far] = [MulticastPort.open(options, rig.environment), MulticastPort.open(options, rig.environment)];
      return Promise.resolve({ port, far, inject: (octets) => void sendDatagram(sender(family, options.group.port), octets) });
    },
  });

  describe(`a port on a group by UDP over IPv${family}`, () => {
    it('hears all others, and not itself', async () => {
      const rig = new Rig();
      const options = place(family);
      const ports = Array.from({ length: 3 }, () => using(MulticastPort.open(options, rig.environment)));
      const heard = ports.map((port) => collect(port));
      for (const [i, port] of ports.entries()) rig.send(port, frameOf(60 + i));
      await Promise.all(heard.map((one) => one.count(2)));
      sendDatagram(sender(family, options.group.port), frameOf(70));
      await Promise.all(heard.map((one) => one.count(3)));
      for (const [i, one] of heard.entries()) {
        const others = [0, 1, 2].filter((other) => other !== i).map((other) => frameOf(60 + other));
        expect(sameFrames(one.frames, [...others, frameOf(70)])).toBe(true);
      }
    });

    it('takes frames of its group alone, and none that are sent to this machine', async () => {
      const rig = new Rig();
      const options = place(family);
      const here = collect(using(MulticastPort.open(options, rig.environment)));
      const host = family === 4 ? '239.192.77.2' : 'ff12::78';
      const elsewhere = using(MulticastPort.open({ ...options, group: { ...options.group, host } }, rig.environment));
      rig.send(elsewhere, frameOf(60));
      const direct = closing(udpSocket(family));
      connectIp(direct, family === 4 ? '127.0.0.1' : '::1', options.group.port);
      sendDatagram(direct, frameOf(61));
      rig.send(using(MulticastPort.open(options, rig.environment)), frameOf(62));
      await here.count(1);
      expect(sameFrames(here.frames, [frameOf(62)])).toBe(true);
    });

    it('is refused where a program keeps the UDP port to itself', () => {
      const options = place(family);
      const fd = closing(udpSocket(family));
      bindIp(fd, family === 4 ? '0.0.0.0' : '::', options.group.port);
      expect(() => MulticastPort.open(options, new Rig().environment)).toThrow(/EADDRINUSE/);
    });
  });
}

isMulticastPort(4);

describe('in a network of their own', () => {
  if (useNetworkNamespace()) {
    ip('link', 'set', 'lo', 'up');
    ip('link', 'add', 'both', 'mtu', '20000', 'type', 'veth', 'peer', 'name', 'sides');
    ip('address', 'add', 'fd77::1/64', 'dev', 'both', 'nodad');
    for (const side of ['both', 'sides']) ip('link', 'set', side, 'up');
    beforeAll(() => awaitUp('both', 'sides'));
  }
  isMulticastPort(6);
});
