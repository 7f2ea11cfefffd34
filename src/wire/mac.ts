import { readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts';

declare const macBrand: unique symbol;

/** An EUI-48 as a number from 0 to 2^48 - 1, the first octet on the wire being the most significant. [IEEE 802, 8.2] */
export type MacAddress = number & { readonly [macBrand]: true };

/** The group of all stations, `ff:ff:ff:ff:ff:ff`. */
export const broadcastMac = 0xffff_ffff_ffff as MacAddress;

/** The address with that value. Throws RangeError when it is not an integer from 0 to 2^48 - 1. */
export function macFromNumber(n: number): MacAddress {
  if (!Number.isInteger(n) || n < 0 || n > broadcastMac) throw new RangeError(`not the value of a MAC address: ${n}`);
  return n as MacAddress;
}

/**
 * The address in text: six groups of one or two hexadecimal digits, all separated by `:`, by `-` or by `.`. Undefined for any other
 * text.
 */
export function parseMac(text: string): MacAddress | undefined {
  if (!/^[0-9a-f]{1,2}([:.-])[0-9a-f]{1,2}(?:\1[0-9a-f]{1,2}){4}$/i.test(text)) return undefined;
  return text.split(/[:.-]/).reduce((value, digits) => value * 0x100 + Number.parseInt(digits, 16), 0) as MacAddress;
}

/** The address as `aa:bb:cc:dd:ee:ff`. */
export function formatMac(mac: MacAddress): string {
  const digits = mac.toString(16).padStart(12, '0');
  return digits.replace(/(..)(?!$)/g, '$1:');
}

/** The address in the six octets at `at`. */
export function readMac(bytes: Uint8Array, at: number): MacAddress {
  return (readUint16(bytes, at) * 0x1_0000_0000 + readUint32(bytes, at + 2)) as MacAddress;
}

/** Writes the address to the six octets at `at`. */
export function writeMac(bytes: Uint8Array, at: number, mac: MacAddress): void {
  writeUint16(bytes, at, mac / 0x1_0000_0000);
  writeUint32(bytes, at + 2, mac);
}

/** Whether the address names a group of stations (broadcast and multicast), not one of them. [IEEE 802, 8.2.2] */
export function isGroupMac(mac: MacAddress): boolean {
  return ((mac / 0x100_0000_0000) & 1) === 1;
}
