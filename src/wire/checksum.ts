/**
 * Returns the Internet checksum of the whole view: the complement of the one's complement sum of its 16-bit words. If the number of octets
 * is odd, a zero is added. The result is 0 for octets that include their correct checksum. `initial` is a running sum of 16-bit words, as
 * `pseudoHeaderSum` returns it. [RFC 1071, 1]
 */
export function internetChecksum(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  const even = bytes.length & ~1;
  for (let at = 0; at < even; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (even < bytes.length) sum += (bytes[even] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
}

/**
 * Returns the sum of the pseudo header that UDP and TCP checksums cover, without the complement. Addresses are 32-bit numbers; `length` is
 * the length of the segment, in octets. [RFC 768]
 */
export function pseudoHeaderSum(source: number, destination: number, protocol: number, length: number): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + length;
}

/** Returns the sum of the pseudo header for IPv6, whose addresses are 128-bit numbers. [RFC 8200, 8.1] */
export function ipv6PseudoHeaderSum(source: bigint, destination: bigint, nextHeader: number, length: number): number {
  let sum = length + nextHeader;
  for (let rest = source; rest !== 0n; rest >>= 16n) sum += Number(rest & 0xffffn);
  for (let rest = destination; rest !== 0n; rest >>= 16n) sum += Number(rest & 0xffffn);
  return sum;
}
