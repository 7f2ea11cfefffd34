/*
 * ARP for IPv4 on Ethernet, 28 octets. [RFC 826]
 *
 *    0        2        4     5     6
 *   +--------+--------+-----+-----+-----------+
 *   | htype 1| 0x0800 |  6  |  4  | operation |  0
 *   +--------+--------+-----+-----+-----------+
 *   | sender's MAC    | sender's address      |  8    6 and 4 octets
 *   +-----------------+-----------------------+
 *   | target's MAC    | target's address      |  18   6 and 4 octets
 *   +-----------------+-----------------------+
 */
import { etherTypes } from './ethernet.ts';
import { readIpv4, writeIpv4, type Ipv4Address } from './ipv4.ts';
import { readMac, writeMac, type MacAddress } from './mac.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts';

/** A decoded ARP packet. In a probe, the sender's address is 0.0.0.0. [RFC 5227, 1.1] */
export interface Arp {
  readonly operation: 'request' | 'reply';
  readonly senderMac: MacAddress;
  readonly senderAddress: Ipv4Address;
  /** Zero in a request. */
  readonly targetMac: MacAddress;
  readonly targetAddress: Ipv4Address;
}

const packetLength = 28;
const ethernetHardware = 1;
/** hlen 6, plen 4. */
const addressLengths = 0x0604;
const requestOperation = 1;
const replyOperation = 2;

/**
 * Decodes the payload of an ARP frame; octets after the 28th are padding. Returns undefined if it is shorter, is not for IPv4 on
 * Ethernet, or is neither a request nor a reply.
 */
export function decodeArp(payload: Uint8Array): Arp | undefined {
  if (payload.length < packetLength) return undefined;
  if (readUint32(payload, 0) !== ethernetHardware * 0x1_0000 + etherTypes.ipv4 || readUint16(payload, 4) !== addressLengths)
    return undefined;
  const operation = readUint16(payload, 6);
  if (operation !== requestOperation && operation !== replyOperation) return undefined;
  return {
    operation: operation === requestOperation ? 'request' : 'reply',
    senderMac: readMac(payload, 8),
    senderAddress: readIpv4(payload, 14),
    targetMac: readMac(payload, 18),
    targetAddress: readIpv4(payload, 24),
  };
}

/**
 * Encodes an ARP packet, without padding.
 *
 * @example
 * ```ts
 * import { broadcastMac, encodeArp, encodeEthernet, etherTypes, ipv4FromNumber, macFromNumber, summarize } from 'etherloom/wire';
 *
 * const source = macFromNumber(0x02_0000_0000_01);
 * const payload = encodeArp({
 *   operation: 'request',
 *   senderMac: source,
 *   senderAddress: ipv4FromNumber(0x0a00_0001),
 *   targetMac: macFromNumber(0),
 *   targetAddress: ipv4FromNumber(0x0a00_0002),
 * });
 * console.log(summarize(encodeEthernet({ destination: broadcastMac, source, etherType: etherTypes.arp, payload })));
 * ```
 */
export function encodeArp(arp: Arp): Uint8Array {
  const payload = new Uint8Array(packetLength);
  writeUint32(payload, 0, ethernetHardware * 0x1_0000 + etherTypes.ipv4);
  writeUint16(payload, 4, addressLengths);
  writeUint16(payload, 6, arp.operation === 'request' ? requestOperation : replyOperation);
  writeMac(payload, 8, arp.senderMac);
  writeIpv4(payload, 14, arp.senderAddress);
  writeMac(payload, 18, arp.targetMac);
  writeIpv4(payload, 24, arp.targetAddress);
  return payload;
}
