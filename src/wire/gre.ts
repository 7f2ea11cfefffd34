/*
 * GRE header in the payload of IP, 4 octets, and 4 more for each flag that is set. [RFC 2784, 2; RFC 2890, 2]
 *
 *    0       2              4          6          8     12         16
 *   +-------+--------------+----------+----------+-----+----------+----------------
 *   | flags | payload type | checksum | reserved | key | sequence | Ethernet frame
 *   +-------+--------------+----------+----------+-----+----------+----------------
 *            0x6558         flag 0x8000           0x2000 0x1000
 */
import { internetChecksum } from './checksum.ts';
import type { Encapsulation, TunnelFault } from './encapsulation.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts';

/** The payload type of Ethernet frames: transparent Ethernet bridging. */
export const bridgedEthernet = 0x6558;

/** The largest key, which has 32 bits. */
export const maxGreKey = 0xffff_ffff;

const shortest = 4;
const flag = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000 } as const;
const versionMask = 0x0007;
const known = flag.checksum | flag.key | flag.sequence;

/**
 * Returns the tunnel with that key, or without one. It sends no checksum and no sequence number; it takes packets with any sequence number,
 * and with a correct checksum. Packets with another key are not taken. Key 0 and no key are the same to a receiver, as in Open vSwitch.
 * Reserved flags are not taken: RFC 2784 ignores some of them, Open vSwitch none. Throws RangeError if the key is not an integer from 0 to
 * 2^32 - 1.
 */
export function greTunnel(key?: number): Encapsulation {
  if (key !== undefined && !(Number.isInteger(key) && key >= 0 && key <= maxGreKey)) throw new RangeError(`not a GRE key: ${key}`);
  const wanted = key ?? 0;
  return {
    header: headerOf(key),
    key: wanted,
    frameAt: (payload) => {
      if (payload.length < shortest) return 'short';
      const flags = readUint16(payload, 0);
      const length = headerLength(flags);
      const fault = faultOf(flags, payload, length);
      if (fault !== undefined) return fault;
      return greKeyOf(payload) === wanted ? length : 'key';
    },
  };
}

/** Returns the key of a packet, 0 if it has none. It is valid only if the tunnel with that key takes the packet. */
export function greKeyOf(payload: Uint8Array): number {
  const flags = readUint16(payload, 0);
  if ((flags & flag.key) === 0) return 0;
  return readUint32(payload, (flags & flag.checksum) === 0 ? shortest : shortest + 4);
}

function headerOf(key: number | undefined): Uint8Array {
  const flags = key === undefined ? 0 : flag.key;
  const header = new Uint8Array(headerLength(flags));
  writeUint16(header, 0, flags);
  writeUint16(header, 2, bridgedEthernet);
  if (key !== undefined) writeUint32(header, shortest, key);
  return header;
}

function headerLength(flags: number): number {
  const fields = ((flags & flag.checksum) >>> 15) + ((flags & flag.key) >>> 13) + ((flags & flag.sequence) >>> 12);
  return shortest + 4 * fields;
}

/** Returns the fault of a packet of at least four octets; undefined if it has none. Does not compare its key. */
function faultOf(flags: number, payload: Uint8Array, length: number): TunnelFault | undefined {
  if ((flags & versionMask) !== 0) return 'version';
  if ((flags & flag.routing) !== 0) return 'routing';
  if ((flags & ~known) !== 0) return 'flags';
  if (readUint16(payload, 2) !== bridgedEthernet) return 'protocol';
  if (payload.length < length) return 'short';
  // It covers the header and the frame.
  return (flags & flag.checksum) !== 0 && internetChecksum(payload) !== 0 ? 'checksum' : undefined;
}
