import { describe, expect, it } from 'vitest';
import { dhcpConfig } from '../../src/dhcp/config.ts';
import { AddressPlan } from '../../src/launcher/address-plan.ts';
import { macOfId, maxId } from '../../src/launcher/identity.ts';
import { formatIpv4, parseIpv4, parseIpv4Network, type Ipv4Address, type Ipv4Network, reasonAgainstHosts } from '../../src/wire/ipv4.ts';
import { macFromNumber } from '../../src/wire/mac.ts';

const ip = (text: string): Ipv4Address => parseIpv4(text) ?? fail(text);
const network = (text: string): Ipv4Network => parseIpv4Network(text) ?? fail(text);
const fail = (text: string): never => {
  throw new Error(text);
};
const textOf = (address: Ipv4Address | undefined): string | undefined => address && formatIpv4(address);

function plan(text: string, { reserve = {}, present = [] }: { reserve?: Record<number, string>; present?: number[] } = {}): AddressPlan {
  const reservations = new Map(Object.entries(reserve).map(([id, address]) => [Number(id), ip(address)]));
  return new AddressPlan(network(text), reservations, () => present);
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
    expect(plan('10.77.0.0/24').dhcp.ranges?.map(({ start, end }) => `${formatIpv4(start)}-${formatIpv4(end)}`)).toEqual([
      '10.77.0.2-10.77.0.9',
      '10.77.0.128-10.77.0.254',
    ]);
  });

  it('is one that a server takes, for every size of network', () => {
    for (let length = 8; length <= 30; length++) {
      const { dhcp } = plan(`10.0.0.0/${length}`);
      expect(() => dhcpConfig({ ...dhcp, serverMac: macFromNumber(0x02656c010001) })).not.toThrow();
    }
  });

  it.each([
    ['the server', '10.77.0.1'],
    ['the network', '10.77.0.0'],
    ['everybody', '10.77.0.255'],
    ['another network', '10.78.0.5'],
  ])('refuses to reserve the address of %s', (_whose, address) => {
    expect(() => plan('10.77.0.0/24', { reserve: { 1: address } })).toThrow(/^cannot reserve 10\.7\d\.0\.\d+ for id 1: it is /);
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
    expect(() => plan(network)).toThrow(`cannot serve --subnet ${network}: ${reason}; choose a private network, such as 10.77.0.0/24`);
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
