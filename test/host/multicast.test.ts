import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import type { UdpOptions } from '../../src/host/udp-sockets.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { formatIp, macOfGroup, parseIp, type IpAddress } from '../../src/wire/ip.ts';
import { decodeIpv4, encodeIpv4, ipProtocols } from '../../src/wire/ipv4.ts';
import { decodeIpv6 } from '../../src/wire/ipv6.ts';
import { broadcastMac, readMac } from '../../src/wire/mac.ts';
import { encodeUdp } from '../../src/wire/udp.ts';
import { addressOf, macOf, Wire } from './host-wire.ts';

function at(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`${text} is not an address`);
  return address;
}

/** Three hosts with both families, and what their sockets at port 7 heard: the host's number, and to where it was. */
function three(wire: Wire, options: UdpOptions = {}): { hosts: Host[]; sockets: ReturnType<Host['udp']>[]; heard: string[] } {
  const heard: string[] = [];
  const hosts = [1, 2, 3].map((n) => wire.host(n, { ipv6: true }));
  wire.clock.advanceSeconds(1.1);
  const sockets = hosts.map((host, n) =>
    host.udp(7, ({ destination, payload }) => heard.push(`${n + 1} ${formatIp(destination)} ${payload.length}`), undefined, options),
  );
  wire.frames.length = 0;
  return { hosts, sockets, heard };
}

describe.each(['239.1.2.3', 'ff02::123', 'ff15::7'])('the group %s', (text) => {
  const group = at(text);

  it('is heard by sockets that joined it, until they leave it, by a frame to its own MAC address with one hop', () => {
    using wire = new Wire();
    const { sockets, heard } = three(wire);
    const [a, b] = sockets;
    b?.join(group);
    b?.join(group);
    a?.send(group, 7, new Uint8Array(5));
    wire.clock.advance(10);
    expect(heard).toEqual([`2 ${text} 5`]);
    expect(wire.frames.map((frame) => readMac(frame, 0))).toEqual([macOfGroup(group)]);
    const packet = (wire.frames[0] ?? new Uint8Array(0)).subarray(14);
    expect(decodeIpv4(packet)?.ttl ?? decodeIpv6(packet)?.hopLimit).toBe(1);
    b?.leave(group);
    a?.send(group, 7, new Uint8Array(5));
    wire.clock.advance(10);
    expect(heard).toHaveLength(1);
  });

  it('brings back what a member sends, unless that is not wanted, and is left by a socket that closes', () => {
    using wire = new Wire();
    const { hosts, sockets, heard } = three(wire);
    const [a] = sockets;
    a?.join(group);
    a?.send(group, 7, new Uint8Array(1));
    wire.clock.advance(10);
    const quiet = hosts[0]?.udp(8, () => heard.push('quiet'), undefined, { multicastLoopback: false });
    quiet?.join(group);
    quiet?.send(group, 7, new Uint8Array(2));
    quiet?.send(group, 8, new Uint8Array(2));
    wire.clock.advance(10);
    expect(heard).toEqual([`1 ${text} 1`]);
    a?.[Symbol.dispose]();
    quiet?.leave(group);
    sockets[1]?.send(group, 7, new Uint8Array(3));
    wire.clock.advance(10);
    expect(heard).toHaveLength(1);
  });

  it('is sent to in fragments, with other hops, and with none not at all', () => {
    using wire = new Wire();
    const { hosts, sockets, heard } = three(wire);
    sockets[1]?.join(group);
    const far = hosts[0]?.udp(undefined, () => undefined, undefined, { multicastTtl: 9 });
    const nowhere = hosts[0]?.udp(undefined, () => undefined, undefined, { multicastTtl: 0 });
    far?.send(group, 7, new Uint8Array(4000));
    nowhere?.send(group, 7, new Uint8Array(1));
    wire.clock.advance(10);
    expect(heard).toEqual([`2 ${text} 4000`]);
    expect(wire.frames).toHaveLength(3);
    const packet = (wire.frames[0] ?? new Uint8Array(0)).subarray(14);
    expect(decodeIpv4(packet)?.ttl ?? decodeIpv6(packet)?.hopLimit).toBe(9);
  });

  it('is the address of a socket that hears nothing else', () => {
    using wire = new Wire();
    const { sockets, heard } = three(wire, { address: group });
    const [a, b] = sockets;
    b?.join(group);
    a?.send(group, 7, new Uint8Array(1));
    a?.send(addressOf(2), 7, new Uint8Array(2));
    wire.clock.advance(10);
    expect(heard).toEqual([`2 ${text} 1`]);
  });
});

describe('groups', () => {
  it('are groups', () => {
    using wire = new Wire();
    const socket = wire.host(1).udp(7, () => undefined);
    for (const text of ['10.0.0.1', '255.255.255.255', 'fe80::1'])
      expect(() => socket.join(at(text))).toThrow(
        expect.objectContaining({
          code: 'bad-address',
          message: `${text} is not a group's address; use one of 224.0.0.0/4 or ff00::/8`,
        }),
      );
  });

  it('that share a MAC address are told apart, and what a frame for many brings for one host is not taken', () => {
    using wire = new Wire();
    const { hosts, sockets, heard } = three(wire);
    const [a, b] = sockets;
    b?.join(at('239.1.2.3'));
    a?.send(at('238.129.2.3'), 7, new Uint8Array(1));
    wire.clock.advance(10);
    const payload = encodeUdp({ sourcePort: 5, destinationPort: 7, payload: new Uint8Array(4) }, addressOf(1), addressOf(2));
    const packet = encodeIpv4({ source: addressOf(1), destination: addressOf(2), protocol: ipProtocols.udp, payload });
    for (const destination of [macOfGroup(at('239.1.2.3')), broadcastMac])
      hosts[1]?.receive(encodeEthernet({ destination, source: macOf(1), etherType: etherTypes.ipv4, payload: packet }));
    expect(heard).toEqual([]);
  });

  it('are refused by nobody, and broadcasts go to all, as ever, also long ones', () => {
    using wire = new Wire();
    const { hosts, sockets, heard } = three(wire);
    sockets[1]?.join(at('239.1.2.3'));
    sockets[0]?.send(at('239.1.2.3'), 9, new Uint8Array(1));
    sockets[0]?.send(addressOf(255), 7, new Uint8Array(3000));
    hosts[0]?.ping(at('224.0.0.1'), () => undefined);
    wire.clock.advance(10);
    expect(heard).toEqual(['2 10.0.0.255 3000', '3 10.0.0.255 3000']);
    expect(wire.frames).toHaveLength(4);
  });
});
