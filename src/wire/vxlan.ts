/*
 * VXLAN header, 8 octets in the payload of UDP. [RFC 7348, 5]
 *
 *    0       1           4      7          8
 *   +-------+-----------+------+----------+----------------
 *   | flags | reserved  | VNI  | reserved | Ethernet frame
 *   +-------+-----------+------+----------+----------------
 *    0x08: the VNI is valid
 */
import type { Encapsulation } from './encapsulation.ts';
import { readUint32, writeUint32 } from './octets.ts';

/** The UDP port of VXLAN. [RFC 7348, 8] */
export const vxlanPort = 4789;

/** The largest network identifier (VNI), which has 24 bits. */
export const maxVni = 0xff_ffff;

/** The length of the header, in octets. */
export const vxlanHeaderLength = 8;

const validVni = 0x0800_0000;

/**
 * Returns the tunnel of a network. Frames of other networks are not taken, nor headers with any other bit set: RFC 7348 ignores those bits,
 * Linux and Open vSwitch drop the packet. Throws RangeError if the VNI is not an integer from 0 to 2^24 - 1.
 */
export function vxlanTunnel(vni: number): Encapsulation {
  if (!Number.isInteger(vni) || vni < 0 || vni > maxVni) throw new RangeError(`not a VXLAN network identifier: ${vni}`);
  const header = new Uint8Array(vxlanHeaderLength);
  const network = (vni << 8) >>> 0;
  writeUint32(header, 0, validVni);
  writeUint32(header, 4, network);
  return {
    header,
    key: vni,
    frameAt: (payload) => {
      if (payload.length < vxlanHeaderLength) return 'short';
      if (readUint32(payload, 0) !== validVni || payload[7] !== 0) return 'flags';
      return readUint32(payload, 4) === network ? vxlanHeaderLength : 'key';
    },
  };
}

/** Returns the VNI of a packet, which is valid only if the tunnel of that VNI takes the packet. */
export function vxlanKeyOf(payload: Uint8Array): number {
  return readUint32(payload, 4) >>> 8;
}
