import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpokenAddresses } from '../../src/companions/plug-addresses.ts';
import { encodeArp } from '../../src/wire/arp.ts';
import { addTag } from '../../src/wire/dot1q.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { encodeIpv4, ipv4FromNumber, ipProtocols, parseIpv4, type Ipv4Address } from '../../src/wire/ipv4.ts';
import { encodeIpv6, parseIpv6, unspecifiedIpv6, type Ipv6Address } from '../../src/wire/ipv6.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';

const source = macFromNumber(0x0200_0000_0001);
const none = ipv4FromNumber(0);
const ip = (text: string): Ipv4Address => parseIpv4(text) ?? none;
const framed = (etherType: number, payload: Uint8Array): Uint8Array =>
  encodeEthernet({ destination: broadcastMac, source, etherType, payload });
const ipv4 = (address: Ipv4Address): Uint8Array =>
  framed(
    etherTypes.ipv4,
    encodeIpv4({ source: address, destination: ip('10.0.0.9'), protocol: ipProtocols.udp, payload: new Uint8Array(8) }),
  );
const ipv6 = (address: Ipv6Address): Uint8Array =>
  framed(
    etherTypes.ipv6,
    encodeIpv6({ source: address, destination: unspecifiedIpv6, nextHeader: 59, hopLimit: 1, payload: new Uint8Array(0) }),
  );
const arp = (senderAddress: Ipv4Address): Uint8Array =>
  framed(
    etherTypes.arp,
    encodeArp({ operation: 'request', senderMac: source, senderAddress, targetMac: macFromNumber(0), targetAddress: ip('10.0.0.1') }),
  );

function toldOf(...frames: readonly Uint8Array[]): string[] {
  const told: string[] = [];
  const addresses = new SpokenAddresses((address) => told.push(address));
  for (const frame of frames) addresses.observe(frame);
  return told;
}

describe('the addresses that speak', () => {
  it('are told once each: of IPv4, ARP and IPv6, tagged or not', () => {
    const v6 = parseIpv6('fe80::1') ?? unspecifiedIpv6;
    const frames = [ipv4(ip('10.0.0.5')), arp(ip('10.0.0.6')), ipv6(v6), addTag(ipv4(ip('10.0.0.7')), 5), ipv4(ip('10.0.0.5'))];
    expect(toldOf(...frames, ...frames)).toEqual(['10.0.0.5', '10.0.0.6', 'fe80::1', '10.0.0.7']);
  });

  it('are not those of who has none yet, nor of what is no IP', () => {
    expect(toldOf(ipv4(none), arp(none), ipv6(unspecifiedIpv6), framed(0x88b5, new Uint8Array(60)))).toEqual([]);
  });

  it('are bounded, and told anew when there were too many', () => {
    const many = Array.from({ length: 4097 }, (_, i) => ipv4(ipv4FromNumber(0x0a01_0000 + i)));
    const told = toldOf(...many, ...many.slice(0, 1));
    expect(told.length).toBe(4098);
  });

  it('come from no frame that is cut off, and never throw', () => {
    const whole = [ipv4(ip('10.0.0.5')), arp(ip('10.0.0.6')), addTag(arp(ip('10.0.0.8')), 5)];
    for (const frame of whole) for (let length = 0; length < 34; length++) expect(() => toldOf(frame.subarray(0, length))).not.toThrow();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        toldOf(octets);
      }),
    );
  });
});
