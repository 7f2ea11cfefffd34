import type { Encapsulation } from '../../src/wire/encapsulation.ts';
import { etherTypes, etherTypeOf } from '../../src/wire/ethernet.ts';
import { decodeIpv4 } from '../../src/wire/ipv4.ts';
import { decodeIpv6 } from '../../src/wire/ipv6.ts';
import { concatOctets, formatHex, parseHex } from '../../src/wire/octets.ts';
import { capturedFrame } from './fixture.ts';

/** Returns the payload of the IP packet in a captured frame, behind `skip` octets. */
export function capturedPayload(path: string, place: number, skip = 0): Uint8Array {
  const frame = capturedFrame(path, place);
  const packet = etherTypeOf(frame) === etherTypes.ipv6 ? decodeIpv6(frame.subarray(14)) : decodeIpv4(frame.subarray(14));
  if (packet === undefined) throw new Error(`no packet in frame ${place} of ${path}`);
  return packet.payload.subarray(skip);
}

/** A frame for the packets of tests, of 60 octets. */
export const innerFrame = Uint8Array.from({ length: 60 }, (_, at) => at);

/** Returns what a tunnel makes of a packet with that header, in hexadecimal digits, in front of `innerFrame`. */
export function taken(tunnel: Encapsulation, header: string): ReturnType<Encapsulation['frameAt']> {
  return tunnel.frameAt(concatOctets(parseHex(header) ?? new Uint8Array(0), innerFrame));
}

/** Returns the header and the frame of a captured packet, as a tunnel tells them apart: the header in hexadecimal digits. */
export function split(tunnel: Encapsulation, payload: Uint8Array): { header: string; frame: string } {
  const at = tunnel.frameAt(payload);
  if (typeof at === 'string') throw new Error(`not taken: ${at}`);
  return { header: formatHex(payload.subarray(0, at)), frame: formatHex(payload.subarray(at)) };
}

/** Matches the echo requests of the captures, in hexadecimal digits: by addresses, EtherType, and the echo's identifier and number. */
export const capturedEcho = /^02000000000[ab]02000000000[ab]08004500.*12340001/;
