import fc from 'fast-check';
import { vid, type Vid } from '../../src/wire/dot1q.ts';
import { ipv4FromNumber, type Ipv4Address } from '../../src/wire/ipv4.ts';
import type { Ipv6Address } from '../../src/wire/ipv6.ts';
import { macFromNumber, type MacAddress } from '../../src/wire/mac.ts';

/** Values that tests draw at random. */
export const octets = (maxLength = 64): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
export const uint16: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff });
export const mac: fc.Arbitrary<MacAddress> = fc.integer({ min: 0, max: 0xffff_ffff_ffff }).map(macFromNumber);
export const ipv4: fc.Arbitrary<Ipv4Address> = fc.integer({ min: 0, max: 0xffff_ffff }).map(ipv4FromNumber);
export const vlan: fc.Arbitrary<Vid> = fc.integer({ min: 0, max: 0xfff }).map(vid);
export const ipv6: fc.Arbitrary<Ipv6Address> = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value) => value as Ipv6Address);
