/*
 * EtherIP header, 2 octets in the payload of IP. [RFC 3378, 3]
 *
 *    0                     2
 *   +---------+-----------+----------------
 *   | version | reserved  | Ethernet frame
 *   +---------+-----------+----------------
 *    4 bits: 3  12 bits: 0
 */
import type { Encapsulation } from './encapsulation.ts';
import { readUint16 } from './octets.ts';

/** The length of the header, in octets. */
export const etherIpHeaderLength = 2;

const header = Uint8Array.of(0x30, 0);

/** The only tunnel that EtherIP has between two hosts. Packets of other versions, and with reserved bits, are not taken. */
export const etherIpTunnel: Encapsulation = {
  header,
  key: 0,
  frameAt: (payload) => {
    if (payload.length < etherIpHeaderLength) return 'short';
    const word = readUint16(payload, 0);
    if (word === 0x3000) return etherIpHeaderLength;
    return word >>> 12 === 3 ? 'flags' : 'version';
  },
};
