import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StateFiles } from '../../../src/star/state-files.ts';
import { chooseNetwork, freeNetwork, networksOfRoutes, usedNetworks } from '../../../src/star/node/free-network.ts';
import { ownPlaces } from '../../../src/star/node/own-places.ts';
import { formatIpv4Network, parseIpv4Network, type Ipv4Network } from '../../../src/wire/ipv4.ts';

const network = (text: string): Ipv4Network => parseIpv4Network(text) ?? expect.unreachable(text);
const drawing = (value: number): { uint32(): number } => ({ uint32: () => value });

function stateIn(files: Map<string, string>): StateFiles {
  return {
    in: (name) => `/state/${name}`,
    read: (name) => files.get(name),
    write: (name, text) => Promise.resolve(void files.set(name, text)),
    remove: (name) => Promise.resolve(void files.delete(name)),
  };
}

describe('a free network', () => {
  it('has 256 addresses, and overlaps none that is in use', () => {
    const used = fc.array(fc.tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 12, max: 32 })), { maxLength: 20 });
    fc.assert(
      fc.property(used, fc.nat(), (places, drawn) => {
        const networks = places.map(([b, c, length]) => network(formatted(10, b, c, length)));
        const { address, prefixLength } = freeNetwork(networks, drawing(drawn));
        expect(prefixLength).toBe(24);
        expect(address & 0xff).toBe(0);
        for (const one of networks) {
          const shift = 2 ** (32 - Math.min(one.prefixLength, 24));
          expect(Math.floor(one.address / shift)).not.toBe(Math.floor(address / shift));
        }
      }),
    );
  });

  it('is drawn, and the next one is taken if that is in use', () => {
    expect(formatIpv4Network(freeNetwork([], drawing(0x1234)))).toBe('10.18.52.0/24');
    expect(formatIpv4Network(freeNetwork([network('10.18.52.8/29')], drawing(0x1234)))).toBe('10.18.53.0/24');
    expect(formatIpv4Network(freeNetwork([network('10.255.255.0/24')], drawing(0xffff)))).toBe('10.0.0.0/24');
  });

  it('is one of other private networks where all of 10.0.0.0/8 is routed', () => {
    const all = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(network);
    expect(formatIpv4Network(freeNetwork(all.slice(0, 1), drawing(1)))).toBe('172.16.1.0/24');
    expect(formatIpv4Network(freeNetwork(all.slice(0, 2), drawing(1)))).toBe('192.168.1.0/24');
    expect(() => freeNetwork(all, drawing(1))).toThrow(/--subnet/);
  });

  it('is kept for later starts, and so is the one that the user gave last', async () => {
    const files = new Map<string, string>();
    const choose = async (given?: string, drawn = 7): Promise<string> =>
      formatIpv4Network(await chooseNetwork(stateIn(files), given === undefined ? undefined : network(given), drawing(drawn), []));
    expect(await choose()).toBe('10.0.7.0/24');
    expect(await choose(undefined, 8)).toBe('10.0.7.0/24');
    expect(await choose('10.77.0.0/16')).toBe('10.77.0.0/16');
    expect(await choose()).toBe('10.77.0.0/16');
  });

  it.each(['', '{', 'null', '{"network":7}', '{"network":"10.0.0.0"}'])('is not invented in place of a damaged one: %s', async (text) => {
    const state = stateIn(new Map([['network.json', text]]));
    await expect(chooseNetwork(state, undefined, drawing(1), [])).rejects.toMatchObject({ code: 'bad-state' });
  });
});

describe('the networks in use', () => {
  it('are those of the interfaces', () => expect(usedNetworks().map(formatIpv4Network)).toContain('127.0.0.0/8'));

  it('are those of the routes, without the default one', () => {
    const header = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
    const rows = [
      'eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'tun0\t00004D0A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    ];
    expect(networksOfRoutes([header, rows[0], 'odd', rows[1], ''].join('\n')).map(formatIpv4Network)).toEqual(['10.77.0.0/16']);
  });
});

describe('the places of a listener', () => {
  const one = (family: 'IPv4' | 'IPv6', address: string, internal = false): never =>
    ({ address, family, internal, cidr: null, netmask: '', mac: '', scopeid: 0 }) as never;
  const interfaces = {
    lo: [one('IPv4', '127.0.0.1', true), one('IPv6', '::1', true)],
    eth0: [one('IPv6', '2001:db8::7'), one('IPv6', 'fe80::1'), one('IPv4', '192.0.2.7')],
    eth1: [one('IPv4', '169.254.3.3'), one('IPv4', '198.51.100.7')],
  };

  it('are its addresses that others reach', () => {
    expect(ownPlaces({ host: '::', port: 7378 }, interfaces)).toEqual(['192.0.2.7:7378', '198.51.100.7:7378', '2001:db8::7:7378']);
    expect(ownPlaces({ host: '0.0.0.0', port: 1 }, interfaces)).toEqual(['192.0.2.7:1', '198.51.100.7:1']);
    expect(ownPlaces({ host: '127.0.0.1', port: 1 }, interfaces)).toEqual(['127.0.0.1:1']);
    expect(ownPlaces({ host: '::', port: 1 }, { lo: interfaces.lo })).toEqual(['127.0.0.1:1']);
  });

  it('are at most eight', () => {
    const many = Array.from({ length: 20 }, (_, n) => one('IPv4', `192.0.2.${n}`));
    expect(ownPlaces({ host: '0.0.0.0', port: 1 }, { eth0: many })).toHaveLength(8);
  });
});

/** Returns the network of an address: `10.B.C.0/LENGTH` without the bits of the host. */
function formatted(a: number, b: number, c: number, length: number): string {
  const size = 2 ** (32 - length);
  const address = Math.floor((a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8) / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')}/${length}`;
}
