import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientFrameLength, writeClientFrame, type ClientFields, type ClientMessage } from '../../bench/dhcp/client-frames.ts';
import { readReply } from '../../bench/dhcp/reply.ts';
import { decodeDhcp, encodeDhcp, hardwareAddressOf, messageTypeOf, messageTypes, optionCodes } from '../../src/wire/dhcp.ts';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { decodeIpv4, encodeIpv4, ipProtocols, ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { concatOctets, writeUint32 } from '../../src/wire/octets.ts';
import { decodeUdp, encodeUdp } from '../../src/wire/udp.ts';

const number = fc.nat(0xffff_ffff);
const fields: fc.Arbitrary<ClientFields> = fc.record({
  mac: fc.nat(0xffff_ffff).map((n) => 0x0200_0000_0000 + n),
  xid: number,
  address: number,
  server: number,
});

describe('a frame of a DHCP client', () => {
  it('is what the codecs make of its fields, checksum included, wherever it lies', () => {
    const messages = fc.constantFrom<ClientMessage[]>('discover', 'request', 'reboot', 'release');
    fc.assert(
      fc.property(messages, fields, fc.nat(3), (message, wanted, place) => {
        const memory = Buffer.alloc(5 * clientFrameLength, 0xff);
        writeClientFrame(memory, place * clientFrameLength, message, wanted);
        const frame = memory.subarray(place * clientFrameLength, (place + 1) * clientFrameLength);
        expect(Buffer.from(encoded(message, wanted))).toEqual(frame);
        expect(memory.subarray((place + 1) * clientFrameLength).every((octet) => octet === 0xff)).toBe(true);
      }),
    );
  });
});

/** Returns the same frame, taken apart and put together again by the codecs, with a checksum of its own. */
function encoded(message: ClientMessage, wanted: ClientFields): Uint8Array {
  const memory = Buffer.alloc(clientFrameLength);
  writeClientFrame(memory, 0, message, wanted);
  const ethernet = present(decodeEthernet(memory));
  const ip = present(decodeIpv4(ethernet.payload));
  const udp = present(decodeUdp(ip.payload, ip.source, ip.destination));
  const dhcp = present(decodeDhcp(udp.payload));
  expect(ethernet).toMatchObject({ destination: broadcastMac, source: wanted.mac });
  expect({ ...dhcp, mac: hardwareAddressOf(dhcp) }).toMatchObject({ xid: wanted.xid, mac: wanted.mac, broadcast: false });
  expect(messageTypeOf(dhcp)).toBe(message === 'reboot' ? messageTypes.request : messageTypes[message]);
  const value = (code: number): number | undefined => {
    const octets = dhcp.options.get(code);
    return octets && Buffer.from(octets).readUInt32BE();
  };
  const asks = message === 'request' || message === 'reboot';
  expect(value(optionCodes.requestedAddress)).toBe(asks ? wanted.address : undefined);
  expect(dhcp.ciaddr).toBe(message === 'release' ? wanted.address : 0);
  expect(value(optionCodes.serverIdentifier)).toBe(message === 'request' || message === 'release' ? wanted.server : undefined);
  expect(Buffer.from(dhcp.options.get(optionCodes.clientIdentifier) ?? [])).toEqual(Buffer.concat([Buffer.of(1), memory.subarray(6, 12)]));
  const payload = encodeUdp({ ...udp, payload: encodeDhcp(dhcp) }, ip.source, ip.destination);
  return encodeEthernet({ ...ethernet, payload: encodeIpv4({ ...ip, payload }) });
}

describe('a reply', () => {
  it('is read where it lies, whatever options are before those that count', () => {
    fc.assert(
      fc.property(fields, fc.constantFrom(messageTypes.offer, messageTypes.ack, messageTypes.nak), fc.boolean(), (wanted, type, last) => {
        const frame = replyOf(wanted, type, last);
        const memory = Buffer.from(concatOctets(new Uint8Array(7), frame, new Uint8Array(9).fill(53)));
        expect(readReply(memory, 7, frame.length)).toEqual({ type, ...wanted });
      }),
    );
  });

  it('is none when it is cut off, another message or another protocol', () => {
    const wanted = { mac: 0x0200_0000_0001, xid: 1, address: 2, server: 3 };
    const frame = Buffer.from(replyOf(wanted, messageTypes.ack, false));
    expect(readReply(frame, 0, 250)).toBeUndefined();
    expect(readReply(Buffer.from(replyOf(wanted, messageTypes.discover, false)), 0, frame.length)).toBeUndefined();
    frame.writeUInt16BE(etherTypes.arp, 12);
    expect(readReply(frame, 0, frame.length)).toBeUndefined();
  });
});

function replyOf({ mac, xid, address, server }: ClientFields, type: number, isLast: boolean): Uint8Array {
  const [source, destination] = [ipv4FromNumber(server), ipv4FromNumber(address)];
  const named: [number, Uint8Array] = [optionCodes.serverIdentifier, new Uint8Array(4)];
  writeUint32(named[1], 0, server);
  const kind: [number, Uint8Array] = [optionCodes.messageType, Uint8Array.of(type)];
  const others: [number, Uint8Array][] = [
    [optionCodes.domainName, Uint8Array.of(53, 1, 1)],
    [optionCodes.leaseTime, new Uint8Array(4)],
  ];
  const memory = Buffer.alloc(clientFrameLength);
  writeClientFrame(memory, 0, 'discover', { mac, xid, address, server });
  const asked = present(decodeDhcp(memory.subarray(42)));
  const options = new Map(isLast ? [...others, named, kind] : [kind, named, ...others]);
  const payload = encodeDhcp({ ...asked, op: 2, yiaddr: destination, options });
  const udp = encodeUdp({ sourcePort: 67, destinationPort: 68, payload }, source, destination);
  const packet = encodeIpv4({ source, destination, protocol: ipProtocols.udp, payload: udp });
  return encodeEthernet({ destination: macFromNumber(mac), source: macFromNumber(2), etherType: etherTypes.ipv4, payload: packet });
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it cannot be decoded');
  return value;
}
