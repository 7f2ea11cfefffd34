import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeArp } from '../../src/wire/arp.ts';
import { addTag } from '../../src/wire/dot1q.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { encodeIcmpEcho, encodeIcmpUnreachable, unreachableCodes } from '../../src/wire/icmp.ts';
import { encodeIcmpv6Error, unreachableCodes6 } from '../../src/wire/icmpv6-error.ts';
import { icmpv6Protocol } from '../../src/wire/icmpv6.ts';
import { encodeIpv4, ipProtocols, ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { encodeIpv6Fragment, fragmentHeader } from '../../src/wire/ipv6-fragment.ts';
import { encodeIpv6, linkLocalOf } from '../../src/wire/ipv6.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { packetTooBig } from '../../src/wire/packet-too-big.ts';
import { encodePcap } from '../../src/wire/pcap.ts';
import { encodeUdp, encodeUdpOverIpv6 } from '../../src/wire/udp.ts';

const absent = spawnSync('tshark', ['--version']).error !== undefined;
const source = { mac: macFromNumber(0x02a0_0000_0001), address: ipv4FromNumber(0x0a4d_0001) };
const destination = { mac: macFromNumber(0x02a0_0000_0002), address: ipv4FromNumber(0x0a4d_0002) };

test('an independent decoder reads what is encoded, with every checksum good', (context) => {
  if (absent && process.env['CI'] === undefined) context.skip('tshark is not installed');
  const lines = tshark(frames(), ['frame.protocols', 'ip.checksum.status', 'udp.checksum.status', 'icmp.checksum.status', '_ws.malformed']);
  expect(lines).toEqual([
    'eth:ethertype:arp||||',
    'eth:ethertype:ip:udp:data|1|1||',
    'eth:ethertype:ip:icmp:data|1||1|',
    'eth:ethertype:vlan:ethertype:ip:udp:data|1|1||',
  ]);
});

test('an independent decoder finds the fields where they were put', (context) => {
  if (absent && process.env['CI'] === undefined) context.skip('tshark is not installed');
  const fields = [
    'eth.dst',
    'vlan.id',
    'vlan.priority',
    'ip.dst',
    'ip.ttl',
    'ip.id',
    'ip.flags.df',
    'udp.dstport',
    'icmp.ident',
    'icmp.seq',
  ];
  expect(tshark(frames(), [...fields, 'arp.src.proto_ipv4'])).toEqual([
    'ff:ff:ff:ff:ff:ff||||||||||10.77.0.1',
    '02:a0:00:00:00:02|||10.77.0.2|64|0x0000|0|7777|||',
    '02:a0:00:00:00:02|||10.77.0.2|9|0x1234|1||513|7|',
    '02:a0:00:00:00:02|5|3|10.77.0.2|64|0x0000|0|7777|||',
  ]);
});

test('an independent decoder reads UDP over IPv6, fragments and errors, with every checksum good', (context) => {
  if (absent && process.env['CI'] === undefined) context.skip('tshark is not installed');
  const fields = ['ipv6.fragment.count', 'udp.dstport', 'udp.length', 'udp.checksum.status', 'icmpv6.type', 'icmpv6.checksum.status'];
  const more = ['icmpv6.mtu', 'icmp.code', 'icmp.mtu', 'icmp.checksum.status', '_ws.malformed'];
  expect(tshark(frames6(), [...fields, ...more], ['-E', 'occurrence=f'])).toEqual([
    '|7777|17|1|||||||',
    '||||||||||',
    '2|7777|2008|1|||||||',
    '|7777|17|1|2|1|1280||||',
    '|7777|17|1|1|1|||||',
    '|7777|17|1||||4|1300|1|',
  ]);
});

test('an independent decoder reads the answers to packets that are too big, with every checksum good', (context) => {
  if (absent && process.env['CI'] === undefined) context.skip('tshark is not installed');
  const fields = [
    'eth.dst',
    'vlan.id',
    'ip.dst',
    'ipv6.dst',
    'ip.checksum.status',
    'icmp.type',
    'icmp.code',
    'icmp.mtu',
    'icmp.checksum.status',
  ];
  const more = ['icmpv6.type', 'icmpv6.mtu', 'icmpv6.checksum.status', 'ip.len', '_ws.malformed'];
  expect(tshark(answers(), [...fields, ...more], ['-E', 'occurrence=f'])).toEqual([
    '02:a0:00:00:00:01||10.77.0.1||1|3|4|1400|1||||576|',
    '02:a0:00:00:00:01|5|10.77.0.1||1|3|4|1396|1||||576|',
    '02:a0:00:00:00:01|||fe80::a0:ff:fe00:1||||||2|1400|1||',
  ]);
});

function answers(): Uint8Array[] {
  const [from, to] = [linkLocalOf(source.mac), linkLocalOf(destination.mac)];
  const udp = { sourcePort: 40_000, destinationPort: 7777, payload: new Uint8Array(1450) };
  const between = { source: source.address, destination: destination.address };
  const segment = encodeUdp(udp, source.address, destination.address);
  const long = ethernet(encodeIpv4({ ...between, protocol: ipProtocols.udp, payload: segment, dontFragment: true }));
  const payload = encodeUdpOverIpv6(udp, from, to);
  const long6 = encodeIpv6({ source: from, destination: to, nextHeader: ipProtocols.udp, hopLimit: 64, payload });
  const frames = [long, addTag(long, 0x6005), ethernet(long6, etherTypes.ipv6)];
  return frames.map((frame) => packetTooBig(frame, 1414) ?? new Uint8Array(0));
}

function frames6(): Uint8Array[] {
  const [from, to] = [linkLocalOf(source.mac), linkLocalOf(destination.mac)];
  const text = new TextEncoder().encode('etherloom');
  const udp = { sourcePort: 40_000, destinationPort: 7777 };
  const packet = (nextHeader: number, payload: Uint8Array): Uint8Array =>
    encodeIpv6({ source: from, destination: to, nextHeader, hopLimit: 64, payload });
  const whole = packet(ipProtocols.udp, encodeUdpOverIpv6({ ...udp, payload: text }, from, to));
  const long = encodeUdpOverIpv6({ ...udp, payload: new Uint8Array(2000) }, from, to);
  const fragments = [0, 1232].map((start) => {
    const [offset, more, identification] = [start / 8, start === 0, 7];
    const payload = long.subarray(start, more ? 1232 : undefined);
    return packet(fragmentHeader, encodeIpv6Fragment({ nextHeader: ipProtocols.udp, offset, more, identification, payload }));
  });
  const errors = (
    [
      { type: 'too-big', code: 0, mtu: 1280 },
      { type: 'unreachable', code: unreachableCodes6.port, mtu: 0 },
    ] as const
  ).map((error) => packet(icmpv6Protocol, encodeIcmpv6Error(error, whole, from, to)));
  const segment = encodeUdp({ ...udp, payload: text }, source.address, destination.address);
  const between = { source: source.address, destination: destination.address };
  const tooLong = encodeIpv4({ ...between, protocol: ipProtocols.udp, payload: segment, dontFragment: true });
  const needed = encodeIcmpUnreachable({ code: unreachableCodes.tooLong, packet: tooLong, mtu: 1300 });
  return [
    ...[whole, ...fragments, ...errors].map((payload) => ethernet(payload, etherTypes.ipv6)),
    ethernet(encodeIpv4({ ...between, protocol: ipProtocols.icmp, payload: needed })),
  ];
}

function frames(): Uint8Array[] {
  const arp = encodeArp({
    operation: 'request',
    senderMac: source.mac,
    senderAddress: source.address,
    targetMac: macFromNumber(0),
    targetAddress: destination.address,
  });
  const text = new TextEncoder().encode('etherloom');
  const udp = encodeUdp({ sourcePort: 40_000, destinationPort: 7777, payload: text }, source.address, destination.address);
  const icmp = encodeIcmpEcho({ type: 'request', identifier: 513, sequence: 7, payload: text });
  const between = { source: source.address, destination: destination.address };
  const segment = ethernet(encodeIpv4({ ...between, protocol: ipProtocols.udp, payload: udp }));
  const echo = encodeIpv4({ ...between, protocol: ipProtocols.icmp, payload: icmp, ttl: 9, identification: 0x1234, dontFragment: true });
  const asking = encodeEthernet({ destination: broadcastMac, source: source.mac, etherType: etherTypes.arp, payload: arp });
  return [asking, segment, ethernet(echo), addTag(segment, 0x6005)];
}

function ethernet(payload: Uint8Array, etherType: number = etherTypes.ipv4): Uint8Array {
  return encodeEthernet({ destination: destination.mac, source: source.mac, etherType, payload });
}

function tshark(captured: readonly Uint8Array[], fields: readonly string[], options: readonly string[] = []): string[] {
  const records = captured.map((frame) => ({ seconds: 0, microseconds: 0, originalLength: frame.length, frame }));
  // It refuses to read from a socket, which is what a child's standard input is.
  const directory = mkdtempSync(join(tmpdir(), 'etherloom-tshark-'));
  try {
    const file = join(directory, 'frames.pcap');
    writeFileSync(file, encodePcap({ linkType: 1, records }));
    const checks = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE'];
    const args = ['-r', file, ...checks, '-T', 'fields', '-E', 'separator=|', ...options, ...fields.flatMap((field) => ['-e', field])];
    return execFileSync('tshark', args, { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trimEnd()
      .split('\n');
  } finally {
    rmSync(directory, { recursive: true });
  }
}
