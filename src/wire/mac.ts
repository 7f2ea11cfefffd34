import { readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts';

declare const macBrand: unique symbol;

/** An EUI-48 as a number from 0 to 2^48 - 1; the first octet on the wire is the most significant. [IEEE 802, 8.2] */
export type MacAddress = number & { readonly [macBrand]: true };

/** The group of all stations, `ff:ff:ff:ff:ff:ff`. */
export const broadcastMac = 0xffff_ffff_ffff as MacAddress;

/** Returns the address with that value. Throws RangeError if it is not an integer from 0 to 2^48 - 1. */
export function macFromNumber(n: number): MacAddress {
  if (!Number.isInteger(n) || n < 0 || n > broadcastMac) throw new RangeError(`not the value of a MAC address: ${n}`);
  return n as MacAddress;
}

/**
 * Parses an address: six groups of one or two hexadecimal digits, all separated by `:`, by `-` or by `.`. Returns undefined for any other
 * text.
 *
 * @example
 * ```ts
 * import { formatMac, parseMac } from 'etherloom/wire/mac';
 *
 * const mac = parseMac('52:54:00:77:00:09');
 * console.log(mac === undefined ? 'not an address' : formatMac(mac)); // 52:54:00:77:00:09
 * ```
 */
export function parseMac(text: string): MacAddress | undefined {
  // The separator follows the first group, which has one or two digits.
  const separator = hexDigit(text.charCodeAt(1)) === undefined ? text.charCodeAt(1) : text.charCodeAt(2);
  if (!separators.includes(separator)) return undefined;
  let value = 0;
  let groups = 0;
  let group = 0;
  let length = 0;
  for (let at = 0; at <= text.length; at++) {
    const digit = hexDigit(text.charCodeAt(at));
    if (digit !== undefined) {
      if (++length > 2) return undefined;
      group = group * 16 + digit;
      continue;
    }
    if (length === 0 || (at < text.length && text.charCodeAt(at) !== separator)) return undefined;
    value = value * 0x100 + group;
    groups++;
    group = 0;
    length = 0;
  }
  return groups === 6 ? (value as MacAddress) : undefined;
}

/** The codes of `:`, `-` and `.`. */
const separators = [0x3a, 0x2d, 0x2e];

/** Returns the value of the hexadecimal digit with that code; undefined for other characters, and for NaN. */
function hexDigit(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}

/** Formats an address as `aa:bb:cc:dd:ee:ff`. */
export function formatMac(mac: MacAddress): string {
  const digits = mac.toString(16).padStart(12, '0');
  return digits.replace(/(..)(?!$)/g, '$1:');
}

/** Returns the address in the six octets at `at`. */
export function readMac(bytes: Uint8Array, at: number): MacAddress {
  return (readUint16(bytes, at) * 0x1_0000_0000 + readUint32(bytes, at + 2)) as MacAddress;
}

/** Writes the address to the six octets at `at`. */
export function writeMac(bytes: Uint8Array, at: number, mac: MacAddress): void {
  writeUint16(bytes, at, mac / 0x1_0000_0000);
  writeUint32(bytes, at + 2, mac);
}

/** Returns whether the address names a group of stations (broadcast or multicast) and not a single one. [IEEE 802, 8.2.2] */
export function isGroupMac(mac: MacAddress): boolean {
  return ((mac / 0x100_0000_0000) & 1) === 1;
}
