import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newServerMac } from '../../src/daemon/server-mac.ts';
import { serverAddress } from '../../src/dhcp/network-plan.ts';
import { addressOfId, idOfMac, macOfId, maxId } from '../../src/star/identity.ts';
import { formatIpv4, parseIpv4Network } from '../../src/wire/ipv4.ts';
import { formatMac, isGroupMac, parseMac } from '../../src/wire/mac.ts';

const network = (text: string): NonNullable<ReturnType<typeof parseIpv4Network>> => {
  const parsed = parseIpv4Network(text);
  if (!parsed) throw new Error(text);
  return parsed;
};
const address = (text: string, id: number): string | undefined => {
  const found = addressOfId(network(text), id);
  return found === undefined ? undefined : formatIpv4(found);
};

describe('the MAC address of an id', () => {
  it('is as documented', () => {
    expect(formatMac(macOfId(0))).toBe('02:65:6c:00:00:00');
    expect(formatMac(macOfId(258))).toBe('02:65:6c:00:01:02');
    expect(formatMac(macOfId(maxId))).toBe('02:65:6c:00:ff:ff');
  });

  it('says its id, and no other address does', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: maxId }), (id) => idOfMac(macOfId(id)) === id));
    expect(idOfMac(parseMac('02:65:6b:ff:ff:ff') ?? macOfId(0))).toBeUndefined();
    expect(idOfMac(parseMac('02:65:6c:01:00:00') ?? macOfId(0))).toBeUndefined();
  });

  it('is of one station, locally administered, and never the server', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: maxId }), fc.nat(), (id, chance) => {
        const server = newServerMac({ uint32: () => chance });
        expect(isGroupMac(macOfId(id)) || isGroupMac(server)).toBe(false);
        expect(Math.floor(macOfId(id) / 2 ** 41) % 2).toBe(1);
        expect(idOfMac(server)).toBeUndefined();
      }),
    );
  });
});

describe('the address of an id', () => {
  it('is the network + 10 + id', () => {
    expect(address('10.77.0.0/24', 0)).toBe('10.77.0.10');
    expect(address('10.77.0.0/24', 244)).toBe('10.77.0.254');
    expect(address('10.0.0.0/8', maxId)).toBe('10.1.0.9');
  });

  it('is none where the network ends', () => {
    expect(address('10.77.0.0/24', 245)).toBeUndefined();
    expect(address('10.77.0.0/28', 5)).toBeUndefined();
    expect(address('10.77.0.0/29', 0)).toBeUndefined();
  });

  it('is never the server', () => {
    for (const text of ['10.77.0.0/24', '10.77.0.0/28', '10.0.0.0/8']) {
      for (let id = 0; id < 300; id++) expect(addressOfId(network(text), id)).not.toBe(serverAddress(network(text)));
    }
  });
});
