import { etherTypes } from '../wire/ethernet.ts';
import { readIpv4, type Ipv4Address } from '../wire/ipv4.ts';
import { readMac, type MacAddress } from '../wire/mac.ts';
import { readUint16 } from '../wire/octets.ts';

/** The parts of an ARP packet. [RFC 826] */
const [senderMacAt, senderAddressAt, targetAddressAt] = [8, 14, 24] as const;
const arpLength = 28;
/** hlen 6, plen 4. */
const addressLengths = 0x0604;

/** Returns whether an ARP packet that begins at `at` is whole, and about IPv4 addresses, with any operation and type of hardware: Linux takes several. */
export function isArpAboutIpv4(frame: Uint8Array, at: number): boolean {
  return frame.length >= at + arpLength && readUint16(frame, at + 2) === etherTypes.ipv4 && readUint16(frame, at + 4) === addressLengths;
}

/** Returns the MAC address of the sender of an ARP packet at `at`. */
export function arpSenderMac(frame: Uint8Array, at: number): MacAddress {
  return readMac(frame, at + senderMacAt);
}

/** Returns the address that the sender of an ARP packet at `at` claims; 0.0.0.0 in a probe. */
export function arpSender(frame: Uint8Array, at: number): Ipv4Address {
  return readIpv4(frame, at + senderAddressAt);
}

/** Returns the address that an ARP packet at `at` asks for. */
export function arpTarget(frame: Uint8Array, at: number): Ipv4Address {
  return readIpv4(frame, at + targetAddressAt);
}
