import { describe, expect, it } from 'vitest';
import { dhcpConfig } from '../../src/dhcp/config.ts';
import { formatRange, type NetworkOptions } from '../../src/dhcp/network-plan.ts';
import { AddressPlan } from '../../src/star/address-plan.ts';
import { macOfId, maxId } from '../../src/star/identity.ts';
import { formatIpv4, parseIpv4, parseIpv4Network, type Ipv4Address, type Ipv4Network, reasonAgainstHosts } from '../../src/wire/ipv4.ts';
import { macFromNumber } from '../../src/wire/mac.ts';

const ip = (text: string): Ipv4Address => parseIpv4(text) ?? fail(text);
const network = (text: string): Ipv4Network => parseIpv4Network(text) ?? fail(text);
const fail = (text: string): never => {
  throw new Error(text);
};
const textOf = (address: Ipv4Address | undefined): string | undefined => address && formatIpv4(address);

interface Given extends Omit<NetworkOptions, 'network'> {
  readonly reserve?: Record<number, string>;
  readonly present?: number[];
}

function plan(text: string, { reserve = {}, present = [], ...more }: Given = {}): AddressPlan {
  const reservations = new Map(Object.entries(reserve).map(([id, address]) => [Number(id), ip(address)]));
  return new AddressPlan({ network: network(text), ...more }, reservations, (id) => present.includes(id));
}

describe('the plan of addresses', () => {
  it('follows the formula for who is in the star', () => {
    const { dhcp } = plan('10.77.0.0/24', { present: [1, 3] });
    expect([0, 1, 2, 3].map((id) => textOf(dhcp.reserved?.(macOfId(id))))).toEqual(['10.77.0.10', '10.77.0.11', undefined, '10.77.0.13']);
    expect(dhcp.isReserved?.(ip('10.77.0.13'))).toBe(true);
    expect(dhcp.isReserved?.(ip('10.77.0.12'))).toBe(false);
    expect(dhcp.reserved?.(macFromNumber(0x525400123456))).toBeUndefined();
  });

  it('puts a reservation above the formula, and takes its address from whom the formula gave it', () => {
    const { dhcp } = plan('10.77.0.0/24', { reserve: { 1: '10.77.0.12' }, present: [1, 2] });
    expect(textOf(dhcp.reserved?.(macOfId(1)))).toBe('10.77.0.12');
    expect(dhcp.reserved?.(macOfId(2))).toBeUndefined();
    expect(dhcp.isReserved?.(ip('10.77.0.12'))).toBe(true);
    expect(dhcp.isReserved?.(ip('10.77.0.11'))).toBe(false);
  });

  it('has an address for an id, or none, on which both of its answers agree', () => {
    for (const text of ['10.77.0.0/24', '10.77.0.0/28', '10.77.0.0/30', '10.0.0.0/8']) {
      const present = [1, 2, 117, 118, 244, 245, maxId];
      const { dhcp } = plan(text, { present });
      for (const id of [0, ...present]) {
        const address = dhcp.reserved?.(macOfId(id));
        if (address !== undefined) expect(dhcp.isReserved?.(address), `${text} ${id}`).toBe(true);
      }
    }
  });

  it('leaves the first half of a /24 to the formula', () => {
    expect(plan('10.77.0.0/24').dhcp.ranges?.map(formatRange)).toEqual(['10.77.0.2-10.77.0.9', '10.77.0.128-10.77.0.254']);
  });

  it('has a pool by --range, and ids keep the addresses of the formula', () => {
    const { dhcp } = plan('10.77.0.0/24', { range: { start: ip('10.77.0.200'), end: ip('10.77.0.209') }, present: [1] });
    expect(dhcp.ranges?.map(formatRange)).toEqual(['10.77.0.200-10.77.0.209']);
    expect(textOf(dhcp.reserved?.(macOfId(1)))).toBe('10.77.0.11');
  });

  it('gives no id the address of the router or of a DNS server, and has them in no pool', () => {
    const { dhcp } = plan('10.77.0.0/24', { router: ip('10.77.0.11'), dns: [ip('10.77.0.12'), ip('10.77.0.130')], present: [1, 2, 3] });
    expect([1, 2, 3].map((id) => textOf(dhcp.reserved?.(macOfId(id))))).toEqual([undefined, undefined, '10.77.0.13']);
    expect(dhcp.ranges?.map(formatRange)).toEqual(['10.77.0.2-10.77.0.9', '10.77.0.128-10.77.0.129', '10.77.0.131-10.77.0.254']);
    // They are not reserved for a client: a router that answers ARP there is no conflict.
    expect(['10.77.0.11', '10.77.0.12', '10.77.0.13'].map((text) => dhcp.isReserved?.(ip(text)))).toEqual([false, false, true]);
  });

  it('is one that a server takes, for every size of network', () => {
    for (let length = 8; length <= 30; length++) {
      const { dhcp } = plan(`10.0.0.0/${length}`);
      expect(() => dhcpConfig({ ...dhcp, serverMac: macFromNumber(0x02656c010001) })).not.toThrow();
    }
  });

  it.each([
    ['10.77.0.1', 'it is the address of the DHCP server itself; choose another of 10.77.0.0/24'],
    ['10.77.0.2', 'it is the address of the router; choose another of 10.77.0.0/24'],
    ['10.77.0.3', 'it is the address of a DNS server; choose another of 10.77.0.0/24'],
    ['10.77.0.0', 'it is not a host address of 10.77.0.0/24; choose one that is'],
    ['10.77.0.255', 'it is not a host address of 10.77.0.0/24; choose one that is'],
    ['10.78.0.5', 'it is not a host address of 10.77.0.0/24; choose one that is'],
  ])('refuses to reserve %s', (address, why) => {
    const given = { reserve: { 1: address }, router: ip('10.77.0.2'), dns: [ip('10.77.0.3')] };
    expect(() => plan('10.77.0.0/24', given)).toThrow(`cannot reserve ${address} for id 1: ${why}`);
  });

  it('refuses one address for two, and a network without room', () => {
    expect(() => plan('10.77.0.0/24', { reserve: { 1: '10.77.0.5', 2: '10.77.0.5' } })).toThrow(/one address; give each id its own/);
    expect(() => plan('10.77.0.0/31')).toThrow(/no room/);
  });

  it.each([
    ['127.0.0.0/8', '127.0.0.0/8 is for loopback'],
    ['127.5.0.0/16', '127.0.0.0/8 is for loopback'],
    ['126.0.0.0/7', '127.0.0.0/8 is for loopback'],
    ['224.0.0.0/8', '224.0.0.0/4 is for multicast'],
    ['239.1.2.0/24', '224.0.0.0/4 is for multicast'],
    ['240.0.0.0/8', '240.0.0.0/4 is for future use'],
    ['0.0.0.0/8', '0.0.0.0/8 is for this network'],
    ['0.0.0.0/0', '0.0.0.0/8 is for this network'],
  ])('refuses %s, whose addresses no host can have', (network, reason) => {
    expect(() => plan(network)).toThrow(`cannot serve ${network}: ${reason}; choose a private network, such as 10.77.0.0/24`);
    const parsed = parseIpv4Network(network);
    expect(parsed && reasonAgainstHosts(parsed)).toBe(reason);
  });

  it.each(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '126.0.0.0/8', '128.0.0.0/8', '1.0.0.0/8', '223.255.255.0/24'])(
    'takes %s',
    (network) => {
      expect(() => plan(network)).not.toThrow();
    },
  );
});
